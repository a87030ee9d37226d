// SPDX-License-Identifier: MIT

@testable import LuaHTTP

/// The engine alone: data in Lua tables, output into a buffer, no request and no socket.
struct EngineFigures {
    private static let teams = """
        <html><head><title>{{ year }}</title></head><body><h1>CSL {{ year }}</h1><ul>
        {% for team in teams %}<li class="{% if loop.index0 == 0 %}champion{% endif %}">\
        <b>{{ team.name }}</b>: {{ team.score }}</li>
        {% endfor %}</ul></body></html>
        """
    private static let table =
        "<table>{% for row in table %}<tr>{% for col in row %}<td>{{ col }}</td>{% endfor %}</tr>{% endfor %}</table>"

    func print() throws {
        try report("table of 100 x 100 integers", unit: 1e6, "ms", rounds: 40, turns: 20) { rig in
            let page = try rig.page(Self.table, data: Self.tableData("i * 100 + j"))
            return { page.render() }
        }
        try report("table of 100 x 100 escaped texts", unit: 1e6, "ms", rounds: 40, turns: 20) { rig in
            let page = try rig.page(Self.table, data: Self.tableData("'cell & ' .. (i * 100 + j)"))
            return { page.render() }
        }
        try report("teams", unit: 1e3, "us", rounds: 60, turns: 5000) { rig in
            let page = try rig.page(
                Self.teams,
                data: """
                    {year = 2015, teams = {{name = "Jiangsu", score = 43}, {name = "Beijing", score = 27},
                      {name = "Guangzhou", score = 22}, {name = "Shandong", score = 12}}}
                    """)
            return { page.render() }
        }
        try report("empty template", unit: 1e3, "us", rounds: 60, turns: 20000) { rig in
            let page = try rig.page("", data: "{}")
            return { page.render() }
        }
        let source = Array(Self.teams.utf8)
        try report("compiling teams", unit: 1e3, "us", rounds: 60, turns: 500) { _ in
            return {
                guard case .built(let set) = TemplateSet.build([("teams.html", source)]) else { return 0 }
                return set.templates.count
            }
        }
        try escape()
        try firstSlice()
    }

    private static func tableData(_ cell: String) -> String {
        """
        (function() local t = {} for i = 0, 99 do local r = {} for j = 0, 99 do r[#r + 1] = \(cell) end t[#t + 1] = r end \
        return {table = t} end)()
        """
    }

    private func report(
        _ name: String, unit: Double, _ symbol: String, rounds: Int, turns: Int,
        _ prepare: (EngineRig) throws -> () -> Int
    ) throws {
        MicroBenchmark.report(
            name, unit: unit, symbol, rounds: rounds, turns: turns, try prepare(try EngineRig()))
    }

    private func escape() throws {
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 16)
        var output = ByteStorage(capacity: 1 << 17)
        var rates: [Double] = []
        for _ in 0..<60 {
            let start = now()
            for _ in 0..<200 {
                output.count = 0
                text.withUnsafeBufferPointer { output.appendEscaped($0.baseAddress!, $0.count) }
            }
            rates.append(Double(200 << 16) / Double(now() - start))
        }
        line("escaping clean ASCII", rates, "GB/s")
    }

    private func firstSlice() throws {
        let page = try EngineRig().page(
            "{% for i in range(100000) %}{{ x }}{% endfor %}", data: "{x = ('y'):rep(100)}")
        var times: [Double] = []
        for _ in 0..<200 {
            let start = now()
            page.firstSlice()
            times.append(Double(now() - start) / 1e3)
        }
        line("first slice of a page of 10 MB", times, "us")
    }
}
