// SPDX-License-Identifier: MIT

/// JSON for scripts: `app.json`, `luahttpd.json`.
enum JSONModule {
    /// encode(value) → string; raises what cannot be encoded, with the path to it.
    static func encode() -> HostFunction {
        HostFunction("json.encode") { stack throws(HostError) in
            var bytes = ByteStorage(capacity: 256)
            do throws(JSONError) {
                try JSONWriter.write(1, of: stack, to: &bytes)
            } catch {
                throw .message(error.description)
            }
            guard stack.push(bytes.bytes) else { throw .message("JSON of 1 GiB or more") }
            return .results(1)
        }
    }

    /// decode(text) → value, or nil and a message
    static func decode(in vm: LuaVM) -> HostFunction {
        // SAFETY: the VM owns its host functions.
        HostFunction("json.decode") { [unowned(unsafe) vm] stack throws(HostError) in
            guard let text = stack.bytes(at: 1) else { throw .message("json.decode expects a string") }
            do throws(JSONError) {
                try JSONReader.push(text, on: stack, limitedBy: vm)
                return .results(1)
            } catch {
                stack.top = 1
                stack.pushNil()
                stack.push(error.description)
                return .results(2)
            }
        }
    }
}
