// SPDX-License-Identifier: MIT
//
// Keeps an open page up to date during development: reloads it when the app has changed, swaps stylesheets,
// shows why a change could not be loaded. The server adds it to HTML pages; it makes no element from text, so
// it runs under any policy that lets it load.
(() => {
  "use strict"
  const script = document.currentScript
  const mark = Symbol.for("luahttpd.live")
  // Once for a page; a page in a frame is reloaded with the one around it.
  if (!script || window[mark] || window.top !== window) return
  window[mark] = true

  // Which state of the app this page is of.
  let page = script.dataset.page
  const isGet = !script.dataset.method
  const address = new URL("live", script.src).href

  const memory = {
    get(key) { try { return JSON.parse(sessionStorage.getItem("luahttpd." + key)) } catch { return null } },
    set(key, value) { try { sessionStorage.setItem("luahttpd." + key, JSON.stringify(value)) } catch { } },
  }

  // Reloading. Never twice for the same state: a page out of a cache would go round for ever.

  const here = () => location.pathname + location.search

  function refresh(state) {
    const before = memory.get("reloaded")
    if (before && before.state === state && before.page === here()) {
      page = state
      return
    }
    if (!isGet) return showNotice(state)
    reload(state)
  }

  function reload(state) {
    memory.set("reloaded", { state, page: here() })
    memory.set("scroll", { page: here(), x: scrollX, y: scrollY })
    disconnect()
    location.reload()
  }

  function restoreScroll() {
    const saved = memory.get("scroll")
    memory.set("scroll", null)
    if (!saved || saved.page !== here() || history.scrollRestoration === "manual") return
    const restore = () => scrollTo({ left: saved.x, top: saved.y, behavior: "instant" })
    restore()
    // Images and fonts may make the page longer only later.
    if (document.readyState !== "complete") addEventListener("load", restore, { once: true })
  }

  // Stylesheets: the new one first, the old one goes when it is there, so that nothing flashes.

  function pathOf(link) {
    const path = new URL(link.href).pathname
    try { return decodeURIComponent(path) } catch { return path }
  }

  function swapStyles(paths) {
    const links = [...document.querySelectorAll("link[rel~=stylesheet][href]")]
      .filter((link) => new URL(link.href).origin === location.origin && !link.dataset.luahttpdOld)
    const named = links.filter((link) => paths.includes(pathOf(link)))
    // None of them: it is imported by one of them.
    for (const link of named.length ? named : links) {
      const url = new URL(link.href)
      url.searchParams.set("luahttpd", page)
      const fresh = link.cloneNode()
      fresh.href = url.href
      link.dataset.luahttpdOld = ""
      fresh.addEventListener("load", () => link.remove(), { once: true })
      fresh.addEventListener("error", () => link.remove(), { once: true })
      link.after(fresh)
    }
  }

  // Overlay

  let host = null

  const style = `
    :host { all: initial; color-scheme: light dark }
    * { box-sizing: border-box }
    .panel, .pill {
      position: fixed; z-index: 2147483647; color: light-dark(#1d2127, #e6e8ec);
      font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
      background: light-dark(#ffffff, #1b1e24); border: 1px solid light-dark(#d9d9d4, #3a404a);
      box-shadow: 0 2px 6px rgb(0 0 0 / .12), 0 18px 60px rgb(0 0 0 / .28);
    }
    .panel {
      inset: auto max(1rem, calc(50vw - 31rem)) 1rem; max-height: min(72vh, 44rem); overflow: auto;
      border-top: 4px solid light-dark(#bb2a20, #ff8278); border-radius: 12px; animation: rise .18s ease-out;
    }
    .panel.calm { border-top-color: light-dark(#8a5a00, #f0b849) }
    @keyframes rise { from { transform: translateY(12px) } }
    @media (prefers-reduced-motion: reduce) { .panel { animation: none } }
    header { display: flex; gap: .3rem .8rem; align-items: baseline; padding: .8rem 1.1rem .2rem; flex-wrap: wrap }
    header b { font-weight: 650; color: light-dark(#bb2a20, #ff8278) }
    .calm header b { color: light-dark(#8a5a00, #f0b849) }
    header span { color: light-dark(#626a75, #969fac); font-size: .92em }
    button {
      font: inherit; font-size: .9em; color: inherit; background: light-dark(#f0f0ee, #2a2f38); border: 0;
      border-radius: 7px; padding: .25rem .7rem; cursor: pointer;
    }
    button:hover { background: light-dark(#e4e4e0, #363c47) }
    button:focus-visible, pre:focus-visible, a:focus-visible {
      outline: 3px solid light-dark(#2457c5aa, #8fb2ffaa); outline-offset: 2px;
    }
    header button { margin-inline-start: auto }
    article { padding: .3rem 1.1rem 1rem }
    article + article { border-top: 1px solid light-dark(#e2e2de, #2e333c); padding-top: .9rem }
    h2 { margin: 0; font-size: 1.08em; font-weight: 650; line-height: 1.35; overflow-wrap: anywhere; white-space: pre-line }
    .place, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace }
    .place { margin: .25rem 0 0; font-size: .88em; color: light-dark(#626a75, #969fac); overflow-wrap: anywhere }
    a { color: light-dark(#2457c5, #8fb2ff); text-underline-offset: .2em }
    pre {
      margin: .7rem 0 0; padding: .45rem 0; overflow-x: auto; font-size: .86em; line-height: 1.6; tab-size: 2;
      background: light-dark(#fbfbfa, #16191e); border: 1px solid light-dark(#e2e2de, #2e333c); border-radius: 8px;
    }
    pre > span { display: block; width: max-content; min-width: 100%; padding-inline: .6rem 1rem }
    pre > .here { background: light-dark(#fcebe9, #3b2022) }
    pre > .caret { color: light-dark(#bb2a20, #ff8278) }
    .pill {
      inset: auto auto 1rem 1rem; border-radius: 99px; padding: .45rem 1rem; cursor: pointer;
      font-weight: 600; color: light-dark(#bb2a20, #ff8278); text-decoration: none;
    }
    .actions { margin: .5rem 0 0; padding: 0 1.1rem 1rem; display: flex; gap: .6rem }
    @media (max-width: 40rem) {
      .panel { inset: auto 0 0; border-radius: 12px 12px 0 0; max-height: 78vh }
    }`

  function element(name, properties, ...children) {
    const made = Object.assign(document.createElement(name), properties)
    made.append(...children)
    return made
  }

  function show(content) {
    if (!host) {
      host = document.createElement("luahttpd-overlay")
      const shadow = host.attachShadow({ mode: "open" })
      const sheet = new CSSStyleSheet()
      sheet.replaceSync(style)
      shadow.adoptedStyleSheets = [sheet]
    }
    host.shadowRoot.replaceChildren(content)
    if (!host.isConnected) document.documentElement.append(host)
  }

  // Behind an error page of the app's own there is more for its author.
  const report = script.dataset.report

  function hideOverlay() {
    if (!report) return host?.remove()
    show(element("a", { className: "pill", href: report, target: "_blank" }, "What went wrong here"))
  }

  // The excerpt as the log has it: "  11 > text", and carets below.
  function source(text) {
    const lines = text.split("\n").map((line) => element("span", {
      className: /^\s*\d+ >/.test(line) ? "here" : /^\s*\| +\^+$/.test(line) ? "caret" : "",
    }, line || " "))
    return element("pre", { tabIndex: 0 }, ...lines)
  }

  function problem({ message, place, link, source: text }) {
    const parts = [element("h2", {}, message)]
    if (place) parts.push(element("p", { className: "place" }, link ? element("a", { href: link }, place) : place))
    if (text) parts.push(source(text))
    return element("article", {}, ...parts)
  }

  function showFailure(failure) {
    const fold = () => show(element("button", {
      className: "pill", onclick: () => showFailure(failure), title: "Show what went wrong",
    }, "The change did not load"))
    const panel = element("section", { className: "panel", role: "alert" },
      element("header", {}, element("b", {}, "The change did not load"),
        element("span", {}, "This page is of the last version that did."),
        element("button", { onclick: fold, title: "Hide (Esc)" }, "Hide")),
      ...failure.problems.map(problem))
    panel.addEventListener("keydown", (event) => { if (event.key === "Escape") fold() })
    show(panel)
  }

  // A page that answers a form is not asked for again without a word.
  function showNotice(state) {
    show(element("section", { className: "panel calm", role: "status" },
      element("header", {}, element("b", {}, "The app has changed"),
        element("span", {}, "This page answers a form: reloading sends the form again.")),
      element("p", { className: "actions" },
        element("button", { onclick: () => reload(state) }, "Reload"),
        element("button", { onclick: () => { page = state; hideOverlay() } }, "Keep"))))
  }

  // Messages

  const handlers = {
    hello({ page: state, failure }) {
      if (state !== page) refresh(state)
      if (failure) showFailure(failure)
      else if (state === page) hideOverlay()
    },
    reloaded({ page: state }) {
      hideOverlay()
      refresh(state)
    },
    files({ page: state }) { refresh(state) },
    styles({ page: state, paths }) {
      page = state
      swapStyles(paths)
    },
    failed({ failure }) { showFailure(failure) },
    mended() { hideOverlay() },
  }

  // The connection: one for each page in sight, because a browser opens only six to a server.

  let stream = null
  let timer = 0
  let delay = 0

  function connect() {
    clearTimeout(timer)
    if (stream || document.visibilityState === "hidden") return
    stream = new EventSource(address)
    stream.onopen = () => { delay = 0 }
    stream.onmessage = (event) => {
      const message = JSON.parse(event.data)
      handlers[message.type]?.(message)
    }
    // The server has stopped, perhaps to start again.
    stream.onerror = () => {
      disconnect()
      delay = Math.min(delay ? delay * 1.5 : 250, 4000)
      timer = setTimeout(connect, delay)
    }
  }

  function disconnect() {
    clearTimeout(timer)
    stream?.close()
    stream = null
  }

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") disconnect()
    else connect()
  })
  addEventListener("pagehide", disconnect)
  addEventListener("pageshow", connect)
  restoreScroll()
  if (report) hideOverlay()
  connect()
})()
