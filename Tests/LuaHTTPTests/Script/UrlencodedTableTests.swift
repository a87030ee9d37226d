// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// Queries and forms as the tables that scripts see.
struct UrlencodedTableTests {
    private let fixture: ScriptFixture

    init() throws {
        fixture = try ScriptFixture()
        fixture.run(
            """
            function show(v)
              if type(v) ~= "table" then return tostring(v) end
              local parts = {}
              for k, x in pairs(v) do parts[#parts + 1] = tostring(k) .. "=" .. show(x) end
              table.sort(parts)
              return "{" .. table.concat(parts, " ") .. "}"
            end
            """)
    }

    private func push(_ text: String, isForm: Bool) throws(HostError) {
        var bytes = Array(text.utf8)
        // One byte more, so that an empty text has an address too.
        bytes.append(0)
        var failure: HostError?
        bytes.withUnsafeBytes { raw in
            let text = UnsafeRawBufferPointer(rebasing: raw[..<(raw.count - 1)])
            do throws(HostError) {
                if isForm {
                    try UrlencodedTable.push(form: text, on: fixture.vm.main)
                } else {
                    try UrlencodedTable.push(query: text, on: fixture.vm.main)
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// The table of a text as `show` prints it, or what an expression with `q` gives.
    private func table(_ text: String, _ expression: String = "show(q)", isForm: Bool = false) throws
        -> String
    {
        let stack = fixture.vm.main
        let top = stack.top
        let source = Array("local q = ... return \(expression)".utf8)
        _ = source.withUnsafeBytes { fixture.vm.load($0, name: "=test", on: stack) }
        try push(text, isForm: isForm)
        #expect(stack.top == top + 2)
        defer { stack.top = top }
        _ = stack.call(arguments: 1, results: 1)
        return stack.string(at: -1) ?? "not a string"
    }

    @Test func plainFields() throws {
        #expect(try table("") == "{}")
        #expect(try table("a=1&b=x+y%21&c&=d") == "{=d a=1 b=x y! c=}")
        #expect(try table("a=b=c&&d=") == "{a=b=c d=}")
        #expect(try table("n%61me=v%00w") == "{name=v\0w}")
    }

    @Test func theFirstValueOfARepeatedNameIsTheField() throws {
        #expect(try table("a=1&a=2&b=3&a=4") == "{a=1 b=3}")
        #expect(try table("a=1&a=2&b=3&a=4", "show(q:all 'a')") == "{1=1 2=2 3=4}")
        #expect(try table("a=1&a=2&b=3", "show(q:all 'b')") == "{1=3}")
        #expect(try table("a=1", "show(q:all 'b')") == "{}")
        #expect(try table("a=1&a=2", "show(getmetatable(q).__index ~= nil)") == "true")
    }

    @Test func aClientCannotTakeTheMethodAway() throws {
        #expect(try table("all=1", "type(q.all)") == "function")
        #expect(try table("all=1&all=2", "show(q:all 'all')") == "{1=1 2=2}")
        #expect(try table("all[]=1&all[x]=2", "type(q.all)") == "function")
        #expect(try table("__index=1&lists=2", "q.lists .. show(q:all 'lists')") == "2{1=2}")
    }

    @Test func bracketsNest() throws {
        #expect(try table("a[]=1&a[]=2") == "{a={1=1 2=2}}")
        #expect(try table("a[]=1&a[]=2", "show(q:all 'a')") == "{1=1 2=2}")
        #expect(
            try table("u[name]=ann&u[tags][]=x&u[tags][]=y&u[at][city]=k")
                == "{u={at={city=k} name=ann tags={1=x 2=y}}}")
        #expect(try table("a%5Bb%5D=1") == "{a={b=1}}")
        #expect(try table("a[b]=1&a[b]=2") == "{a={b=1}}")
    }

    /// Integer keys collide as a client likes (ltable.c: i mod size); strings are hashed with a seed.
    @Test func digitsOfAClientNeverBecomeIntegerKeys() throws {
        #expect(try table("a[5]=x&a[06]=y", "type((next(q.a)))") == "string")
        #expect(try table("5=x", "tostring(rawget(q, 5))") == "nil")
    }

    @Test func whatDoesNotFitIsLeftOut() throws {
        #expect(try table("a=1&a[b]=2") == "{a=1}")
        #expect(try table("a[b]=1&a[b][c]=2") == "{a={b=1}}")
        #expect(try table("a[][b]=1") == "{a={}}")
        #expect(try table("a[b]x=1&[b]=2&a[b=3") == "{[b]=2 a[b=3 a[b]x=1}")
        #expect(try table("a[b]]=1&c[[d]=2&e[f]g]=3") == "{c={[d=2}}")
        #expect(try table("a[1][2][3][4][5][6][7][8]=x") == "{a={1={2={3={4={5={6={7={8=x}}}}}}}}}")
        #expect(try table("a[1][2][3][4][5][6][7][8][9]=x") == "{}")
        #expect(try table("a[b]=1&a=2", "show(q) .. show(q:all 'a')").hasPrefix("{a={b=1}}"))
    }

    @Test func aMalformedPercentIsTextInAQueryAndAnErrorInAForm() throws {
        #expect(try table("a=100%&b=%zz&c=%4") == "{a=100% b=%zz c=%4}")
        #expect(try table("a=100%25", isForm: true) == "{a=100%}")
        for form in ["a=%", "a=%4", "a=%zz", "%=1"] {
            do throws(HostError) {
                try push(form, isForm: true)
                Issue.record("\(form) was accepted")
            } catch {
                guard case .abort(let status, let message) = error else { throw error }
                #expect(status == 400)
                #expect(message == "the form has a malformed percent-encoding")
            }
        }
        #expect(fixture.vm.main.top == 0)
    }

    @Test func thereIsALimitOfFields() throws {
        let most = (1...UrlencodedTable.mostPairs).map { "f\($0)=1" }.joined(separator: "&")
        #expect(
            try table(
                most, "(function() local n = 0 for _ in pairs(q) do n = n + 1 end return tostring(n) end)()")
                == "512")
        do throws(HostError) {
            try push(most + "&g=1", isForm: true)
            Issue.record("accepted")
        } catch {
            guard case .abort(let status, _) = error else { throw error }
            #expect(status == 413)
        }
    }
}
