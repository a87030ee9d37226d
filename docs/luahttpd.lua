---@meta luahttpd
-- SPDX-License-Identifier: MIT
--
-- The API of luahttpd for editors (Lua language server, EmmyLua): completion, types, documentation.
-- Nothing runs this file. Add its directory to `workspace.library` in .luarc.json.
-- docs/lua-api.md says more.

---@alias luahttpd.Size integer|string  Bytes, or text such as "512KiB", "8MiB"
---@alias luahttpd.Scalar string|number|boolean

-- Variables of a page and the name of its template, a string of HTML, or a response.
---@alias luahttpd.Handler fun(req: luahttpd.Request, res: luahttpd.Response): (table|string|luahttpd.Response)?, string?, luahttpd.Options?
---@alias luahttpd.Before fun(req: luahttpd.Request): (table|string|luahttpd.Response)?, string?, luahttpd.Options?
---@alias luahttpd.After fun(req: luahttpd.Request, res: luahttpd.Response): (string|luahttpd.Response)?
---@alias luahttpd.Use fun(req: luahttpd.Request, next: fun(): luahttpd.Response): (table|string|luahttpd.Response), string?, luahttpd.Options?
---@alias luahttpd.ErrorHandler fun(req: luahttpd.Request, err: luahttpd.Error): (table|string|luahttpd.Response), string?, luahttpd.Options?

---@class luahttpd.Error
---@field status integer
---@field message string
---@field traceback? string  In development

---@class luahttpd.Options
---@field status? integer  200 to 599
---@field headers? table<string, string|number|false|(string|number)[]>  false: without a standard one
---@field cookies? table<string, string|number|false|luahttpd.Cookie>
---@field content_type? string
---@field compress? boolean  false: the body is never compressed

-- What goes with the status: WWW-Authenticate, Retry-After.
---@class luahttpd.AbortOptions
---@field headers? table<string, string|number|(string|number)[]>
---@field cookies? table<string, string|number|false|luahttpd.Cookie>

---@class luahttpd.RedirectOptions : luahttpd.Options
---@field external? boolean  To another host

---@class luahttpd.FileOptions : luahttpd.Options
---@field filename? string  Offered for download under this name

---@class luahttpd.CookieOptions
---@field path? string  Default "/"
---@field domain? string
---@field max_age? integer  Seconds; 0 removes the cookie
---@field http_only? boolean  Default true
---@field same_site? "lax"|"strict"|"none"  Default "lax"
---@field secure? boolean  Default: whether the connection is

---@class luahttpd.Cookie : luahttpd.CookieOptions
---@field value string|number

-- Values of a query or a form: of a repeated key the first; `a[]` is a list, `a[b]` a table.
---@class luahttpd.Values
---@field [string] any
local Values = {}

-- All values of a repeated key; empty without any.
---@param name string
---@return string[]
function Values:all(name) end

---@alias luahttpd.ReadFormat integer|"a"|"l"|"L"  Bytes, all that is left, a line, a line with its end

---@class luahttpd.SaveOptions
---@field replace? boolean  A file of that name is replaced; without it that is an error

-- A file of a multipart form.
---@class luahttpd.Upload
---@field name string  Of the field
---@field filename string  As the client calls it: escape it, store nothing under it
---@field type string  As the client says
---@field size integer
---@field path string  To open it by while the request lasts
local Upload = {}

-- All that is left without a format; nil at the end. 0: "" while something is left.
---@param format? luahttpd.ReadFormat
---@return string?
function Upload:read(format) end

---@param format? luahttpd.ReadFormat  Default "l"
---@return fun(): string?
function Upload:lines(format) end

-- Pieces of at most 64 KiB.
---@return fun(): string?
function Upload:chunks() end

function Upload:rewind() end

-- Keeps the file; relative paths start at the directory of the main script.
---@param path string
---@param options? luahttpd.SaveOptions
---@return string path
function Upload:save(path, options) end

---@class luahttpd.Files
---@field [string] luahttpd.Upload
local Files = {}

---@param name string
---@return luahttpd.Upload[]
function Files:all(name) end

-- A part of a multipart body that a route reads as a stream.
---@class luahttpd.Part
---@field name? string
---@field filename? string
---@field type? string
local Part = {}

---@param format? luahttpd.ReadFormat
---@return string?
function Part:read(format) end

---@param format? luahttpd.ReadFormat  Default "l"
---@return fun(): string?
function Part:lines(format) end

---@return fun(): string?
function Part:chunks() end

---@param path string
---@param options? luahttpd.SaveOptions
---@return string path
function Part:save(path, options) end

-- Headers of the request; names in any case, `_` for `-`.
---@class luahttpd.Headers
---@field [string] string?
local Headers = {}

-- The values as they were received.
---@param name string
---@return string[]
function Headers:all(name) end

-- The request. Add fields of your own as you like.
---@class luahttpd.Request
---@field method string
---@field path string  Decoded, without the query
---@field raw_path string  As it was sent
---@field url string
---@field params table<string, any>  Parameters of the path
---@field query luahttpd.Values
---@field form luahttpd.Values
---@field files luahttpd.Files
---@field json any  The decoded body; answered with 400 when it is not JSON
---@field body string
---@field headers luahttpd.Headers
---@field cookies table<string, string>
---@field ip string  The client's address
---@field port integer  The port the client asked for
---@field host string
---@field scheme "http"|"https"
---@field is_secure boolean
---@field id string  32 random hexadecimal digits
---@field route string?  The path of the route, as written in the script
---@field raw string  The head as received
---@field started number  Seconds since 1970
---@field [string] any
local Request = {}

-- Path parameter, else form field (POST, PUT, PATCH), else query parameter.
---@param name string
---@return any
function Request:param(name) end

-- The decoded body, or nil and a message.
---@return any value
---@return string? message
function Request:try_json() end

-- The four below are for routes with body = "stream". All that is left without a format; nil at the end.
---@param format? luahttpd.ReadFormat
---@return string?
function Request:read(format) end

---@param format? luahttpd.ReadFormat  Default "l"
---@return fun(): string?
function Request:lines(format) end

-- Pieces as they arrive.
---@return fun(): string?
function Request:chunks() end

-- Parts of a multipart body, each when it begins to arrive.
---@return fun(): luahttpd.Part?
function Request:parts() end

-- Stores what is left of the body.
---@param path string
---@param options? luahttpd.SaveOptions
---@return string path
function Request:save(path, options) end

---@class luahttpd.Response
---@field status? integer
---@field headers table<string, string|number|false|(string|number)[]>
---@field cookies table<string, string|number|false|luahttpd.Cookie>
---@field content_type? string
---@field compress? boolean  false: the body is never compressed
---@field body? string
---@field vars? table
---@field template? string
---@field file? string
---@field filename? string
local Response = {}

-- Sets a header; nil removes it, false does without a standard one.
---@param name string
---@param value string|number|false|(string|number)[]|nil
---@return luahttpd.Response
function Response:header(name, value) end

---@param name string
---@param value string|number
---@param options? luahttpd.CookieOptions
---@return luahttpd.Response
function Response:cookie(name, value, options) end

---@class luahttpd.Route
local Route = {}

-- Names the route for app:url_for.
---@param name string
---@return luahttpd.Route
function Route:name(name) end

---@class luahttpd.RouteOptions
---@field limits? { body?: luahttpd.Size, time?: luahttpd.Time, cpu?: luahttpd.Time, memory?: luahttpd.Size, parts?: integer, part_head?: luahttpd.Size, field?: luahttpd.Size, file?: luahttpd.Size, inflation?: integer }
---@field json? boolean  Bare tables are JSON
---@field body? "stream"  The handler reads the body itself: req:read, req:parts, req:save
---@field compress? boolean  false: answers are never compressed
---@field etag? boolean  false: pages get no ETag

---@class luahttpd.RouteDefinition : luahttpd.RouteOptions
---@field method? string|string[]  Default "GET"
---@field path string
---@field handler luahttpd.Handler
---@field name? string

---@class luahttpd.Router
local Router = {}

---@param path string
---@param handler luahttpd.Handler
---@return luahttpd.Route
---@overload fun(self, path: string, options: luahttpd.RouteOptions, handler: luahttpd.Handler): luahttpd.Route
function Router:get(path, handler) end

---@param path string
---@param handler luahttpd.Handler
---@return luahttpd.Route
---@overload fun(self, path: string, options: luahttpd.RouteOptions, handler: luahttpd.Handler): luahttpd.Route
function Router:post(path, handler) end

---@param path string
---@param handler luahttpd.Handler
---@return luahttpd.Route
---@overload fun(self, path: string, options: luahttpd.RouteOptions, handler: luahttpd.Handler): luahttpd.Route
function Router:put(path, handler) end

---@param path string
---@param handler luahttpd.Handler
---@return luahttpd.Route
---@overload fun(self, path: string, options: luahttpd.RouteOptions, handler: luahttpd.Handler): luahttpd.Route
function Router:patch(path, handler) end

---@param path string
---@param handler luahttpd.Handler
---@return luahttpd.Route
---@overload fun(self, path: string, options: luahttpd.RouteOptions, handler: luahttpd.Handler): luahttpd.Route
function Router:delete(path, handler) end

---@param path string
---@param handler luahttpd.Handler
---@return luahttpd.Route
---@overload fun(self, path: string, options: luahttpd.RouteOptions, handler: luahttpd.Handler): luahttpd.Route
function Router:head(path, handler) end

---@param path string
---@param handler luahttpd.Handler
---@return luahttpd.Route
---@overload fun(self, path: string, options: luahttpd.RouteOptions, handler: luahttpd.Handler): luahttpd.Route
function Router:options(path, handler) end

-- Every method.
---@param path string
---@param handler luahttpd.Handler
---@return luahttpd.Route
---@overload fun(self, path: string, options: luahttpd.RouteOptions, handler: luahttpd.Handler): luahttpd.Route
function Router:any(path, handler) end

-- Every method, named.
---@param name string
---@param path string
---@param handler luahttpd.Handler
---@return luahttpd.Route
function Router:match(name, path, handler) end

---@param definition luahttpd.RouteDefinition
---@return luahttpd.Route
function Router:route(definition) end

-- Runs before the handlers below the prefix; what it returns, if anything, is the answer.
---@param prefix string
---@param fn luahttpd.Before
---@return self
---@overload fun(self, fn: luahttpd.Before): self
function Router:before(prefix, fn) end

-- Sees the answer and may change it or return another.
---@param prefix string
---@param fn luahttpd.After
---@return self
---@overload fun(self, fn: luahttpd.After): self
function Router:after(prefix, fn) end

-- Around the handlers: `local res = next()`, and returns an answer.
---@param prefix string
---@param fn luahttpd.Use
---@return self
---@overload fun(self, fn: luahttpd.Use): self
function Router:use(prefix, fn) end

-- Routes with a common prefix and hooks of their own.
---@param prefix string
---@param build fun(group: luahttpd.Router)
---@return self
function Router:group(prefix, build) end

-- Copies the routes of app.router() under a prefix.
---@param prefix string
---@param router luahttpd.Router
---@return self
function Router:mount(prefix, router) end

---@class luahttpd.StaticOptions
---@field cache? string|table<string, string>  "1h", "immutable", a Cache-Control value, or one by pattern
---@field index? string|string[]  Default "index.html"
---@field listing? boolean  A page for directories without index file
---@field precompressed? boolean  Default true: a.css.br, .zst, .gz for those who take them

-- Serves the files of a directory.
---@param prefix string
---@param directory string  Relative to the main script
---@param options? luahttpd.StaticOptions
---@return self
function Router:static(prefix, directory, options) end

-- The path of a named route.
---@param name string
---@param params? table<string, luahttpd.Scalar>
---@param query? table<string, luahttpd.Scalar|luahttpd.Scalar[]>
---@return string
function Router:url_for(name, params, query) end

---@alias luahttpd.Time number|string  Seconds, or text such as "500ms", "10s", "2m"

---@class luahttpd.Limits
---@field target? luahttpd.Size
---@field head? luahttpd.Size
---@field header? luahttpd.Size
---@field fields? integer
---@field head_time? luahttpd.Time
---@field body? luahttpd.Size
---@field body_time? luahttpd.Time
---@field body_rate? luahttpd.Size
---@field chunk_overhead? luahttpd.Size
---@field trailers? luahttpd.Size
---@field handshake_time? luahttpd.Time
---@field streams? integer  HTTP/2: requests at a time
---@field resets? integer  HTTP/2: streams reset in 30 s
---@field control_frames? integer  HTTP/2: frames that only make work in 10 s
---@field idle_time? luahttpd.Time
---@field write_stall? luahttpd.Time
---@field requests? integer
---@field pipelined? luahttpd.Size
---@field connections? integer
---@field connections_per_address? integer
---@field parts? integer
---@field part_head? luahttpd.Size
---@field field? luahttpd.Size
---@field file? luahttpd.Size
---@field inflation? integer
---@field time? luahttpd.Time
---@field cpu? luahttpd.Time
---@field memory? luahttpd.Size
---@field vm_memory? luahttpd.Size
---@field page? luahttpd.Size
---@field page_steps? integer

---@class luahttpd.Settings
---@field host? string
---@field port? integer  0 takes a free one
---@field workers? integer
---@field templates? string  Directory, relative to the main script
---@field uploads? string  Directory for uploads while their request lasts
---@field log_level? "debug"|"info"|"warn"|"error"
---@field access_log? boolean
---@field access_log_format? "short"|"common"|"combined"|"json"
---@field access_log_file? string  Relative to the main script; opened anew on SIGUSR1
---@field metrics? string  Where /metrics is served: "127.0.0.1:9090", "unix:/path"
---@field ready? string  Path of the route that says whether the server takes requests
---@field stop_delay? luahttpd.Time  How long it goes on, not ready, when it is to stop
---@field compress? boolean|{ level?: integer, min?: luahttpd.Size }
---@field etag? boolean  Pages of templates get a weak ETag
---@field undefined? "lenient"|"strict"|"chainable"
---@field lint? "off"|"warn"|"error"
---@field trim_blocks? boolean
---@field lstrip_blocks? boolean
---@field listen? string|string[]  "host:port", "[ipv6]:port", ":port", "unix:/path"; in place of host and port
---@field tls_cert? string|string[]  Files with certificates and their chains, PEM
---@field tls_key? string|string[]  Files with their keys, PEM
---@field tls_self_signed? boolean  A certificate made at start, for development
---@field tls_redirect? string  A plain address that sends clients to HTTPS
---@field tls_hsts? luahttpd.Time  Strict-Transport-Security
---@field trusted_proxies? string|string[]  "10.0.0.0/8", "::1", "unix": what they say of the client is believed
---@field forwarded? "x-forwarded"|"forwarded"  Which fields they write; the other kind is not read
---@field socket_mode? string  Rights of the file of a Unix-domain socket: "660"
---@field reuse_port? boolean
---@field hosts? string[]  "example.com", "*.example.com"; others get 421
---@field headers? false|table<string, string|false>  Of every answer that does not set them itself
---@field limits? luahttpd.Limits

---@class luahttpd.Log
---@field debug fun(message: any, fields?: table<string, any>)
---@field info fun(message: any, fields?: table<string, any>)
---@field warn fun(message: any, fields?: table<string, any>)
---@field error fun(message: any, fields?: table<string, any>)

---@class luahttpd.Safe

---@class luahttpd.App : luahttpd.Router
---@field null lightuserdata  null of JSON
---@field env "dev"|"prod"
---@field version string
---@field log luahttpd.Log
---@field state table  Plain data that the next version of the app takes over
local app = {}

-- Runs `fn` as versions of the app come and go.
---@param event "check"|"start"|"reload"|"unload"|"stop"
---@param fn fun()
---@return self
function app:on(event, fn) end

-- A change in these files or directories loads the app again, where files are watched.
---@param ... string  Relative to the main script
---@return self
function app:watch(...) end

---@param settings luahttpd.Settings
---@return self
function app:config(settings) end

-- A filter of all templates: {{ value|name(…) }}. Keyword arguments come as a table after the others.
---@param name string
---@param fn fun(value: any, ...: any): any
---@return self
function app:filter(name, fn) end

-- A test of all templates: {% if value is name(…) %}.
---@param name string
---@param fn fun(value: any, ...: any): any
---@return self
function app:test(name, fn) end

-- A variable of all templates; those that a handler returns win.
---@param name string
---@param value any
---@return self
function app:global(name, value) end

---@param values table<string, any>
---@return self
function app:globals(values) end

-- A page for errors of this status, or of all ("*").
---@param status integer|"*"
---@param fn luahttpd.ErrorHandler
---@return self
function app:error(status, fn) end

-- Does nothing: the luahttpd command runs the app.
function app:run() end

---@return luahttpd.Router
function app.router() end

---@param value any
---@param options? luahttpd.Options
---@return luahttpd.Response
function app.json(value, options) end

---@param text string
---@param options? luahttpd.Options
---@return luahttpd.Response
function app.html(text, options) end

---@param text string|number
---@param options? luahttpd.Options
---@return luahttpd.Response
function app.text(text, options) end

-- No content: 204.
---@param status? integer
---@param options? luahttpd.Options
---@return luahttpd.Response
---@overload fun(options: luahttpd.Options): luahttpd.Response
function app.empty(status, options) end

-- 303 See Other unless another status is given.
---@param url string
---@param options? 301|302|303|307|308|luahttpd.RedirectOptions
---@return luahttpd.Response
function app.redirect(url, options) end

-- A file below the directory of the main script.
---@param path string
---@param options? luahttpd.FileOptions
---@return luahttpd.Response
function app.file(path, options) end

-- Ends the request with an error status, a message for the client, or a page.
---@param status integer
---@param message? string
---@param options? luahttpd.AbortOptions
---@overload fun(status: integer, vars: table, template: string, options?: luahttpd.AbortOptions)
function app.abort(status, message, options) end

-- Text as HTML, for answers that are strings: & < > " ' as entities.
---@param text string|number
---@return string
function app.escape(text) end

-- HTML that templates do not escape again.
---@param html string
---@return luahttpd.Safe
function app.safe(html) end

-- Marks a table as list: an empty one is [] in JSON.
---@generic T: table
---@param list? T
---@return T
function app.array(list) end

-- Values that all workers see. Plain data, copied in and out.
---@class luahttpd.Store
local Store = {}

---@param key string|integer
---@return any value
function Store:get(key) end

-- true, or nil and a message when the value alone is larger than the store. nil as value deletes.
---@param key string|integer
---@param value any
---@param options? { ttl: number }  Seconds
---@return true?, string?
function Store:set(key, value, options) end

-- Sets what is not there; false when it is.
---@param key string|integer
---@param value any
---@param options? { ttl: number }
---@return boolean?, string?
function Store:add(key, value, options) end

-- Adds to a number, or to `init` (0) where there is none.
---@param key string|integer
---@param by? number  Default 1
---@param init? number|{ init: number?, ttl: number? }
---@return number
function Store:incr(key, by, init) end

-- Sets the key to what fn makes of its value. fn may be called again, when another worker was faster.
---@param key string|integer
---@param fn fun(value: any): any
---@param options? { ttl: number }
---@return any new, string?
function Store:update(key, fn, options) end

---@param key string|integer
---@return boolean existed
function Store:delete(key) end

-- Sorted.
---@param prefix? string
---@return string[]
function Store:keys(prefix) end

function Store:flush() end

---@return { keys: integer, bytes: integer, size: integer, hits: integer, misses: integer, evicted: integer, expired: integer }
function Store:stats() end

-- The shared store of that name, made when it is first asked for.
---@param name string
---@param options? { size: luahttpd.Size }  Default 16 MiB
---@return luahttpd.Store
function app.shared(name, options) end

---@class luahttpd.Subscription
---@field dropped integer  Messages that were lost because they were not taken in time
local Subscription = {}

-- Waits for the next message: it and its topic; nil, "timeout"; nil once closed.
---@param seconds? number
---@return any message, string? topic
function Subscription:next(seconds) end

---@return fun(): any, string
function Subscription:messages() end

function Subscription:close() end

-- Sends plain data to all who listen, on any worker.
---@param topic string
---@param value any
---@return integer subscriptions
function app.publish(topic, value) end

-- In the main script with a function, which gets each message; in a handler without: a subscription.
---@param topic string|string[]
---@param options? { queue: integer }
---@return luahttpd.Subscription
---@overload fun(topic: string|string[], fn: fun(message: any, topic: string), options?: { queue: integer })
function app.subscribe(topic, options) end

-- Waits without holding other requests up.
---@param seconds number
function app.sleep(seconds) end

---@class luahttpd.Task
---@field state "running"|"done"|"failed"|"cancelled"
local Task = {}

-- Ends it; whoever awaits it gets an error.
function Task:cancel() end

-- Runs fn(…) beside this function; ends with the request at the latest.
---@param fn function
---@return luahttpd.Task
function app.async(fn, ...) end

-- Runs fn(…) and outlives the request; errors are logged.
---@param fn function
---@return luahttpd.Task
function app.spawn(fn, ...) end

-- Waits for tasks: all that one returned, or the first value of each of several.
---@param task luahttpd.Task
---@return any ...
function app.await(task, ...) end

-- What fn(…) returns, or nil and "timeout".
---@param seconds number
---@param fn function
---@return any ...
function app.timeout(seconds, fn, ...) end

---@class luahttpd.Stream
local Stream = {}

-- Waits while the client is slow; false when nobody reads any more.
---@param ... string|number
---@return boolean
function Stream:write(...) end

---@return boolean
function Stream:flush() end

---@class luahttpd.EventFields
---@field event? string
---@field data? string|number|boolean|table
---@field id? string|integer
---@field retry? integer  Milliseconds
---@field comment? string

---@class luahttpd.Events : luahttpd.Stream
local Events = {}

---@param event luahttpd.EventFields|string|number
---@return boolean
function Events:send(event) end

-- An answer that fn writes.
---@param fn fun(out: luahttpd.Stream)
---@param options? luahttpd.Options
---@return luahttpd.Response
function app.stream(fn, options) end

-- A route for EventSource in browsers.
---@param path string
---@param options { heartbeat?: number }
---@param fn fun(req: luahttpd.Request, out: luahttpd.Events)
---@return luahttpd.Route
---@overload fun(self, path: string, fn: fun(req: luahttpd.Request, out: luahttpd.Events)): luahttpd.Route
function Router:sse(path, options, fn) end

---@class luahttpd.TimerOptions
---@field overlap? boolean
---@field per_worker? boolean

---@class luahttpd.CronOptions : luahttpd.TimerOptions
---@field tz? string  "local", "UTC", "Europe/Berlin"

---@param seconds number
---@param fn function
---@param options? luahttpd.TimerOptions
function app:every(seconds, fn, options) end

-- Once, so long after the app was loaded.
---@param seconds number
---@param fn function
---@param options? luahttpd.TimerOptions
function app:after_delay(seconds, fn, options) end

-- "0 3 * * *": minute, hour, day of the month, month, day of the week; or @daily and the like.
---@param expression string
---@param fn function
---@param options? luahttpd.CronOptions
function app:cron(expression, fn, options) end

return app
