// SPDX-License-Identifier: MIT

/// What a syntactically right head must also fulfil before anybody acts on it: Host, Connection, Expect,
/// framing. Knows fields, not lines; fills the derived parts of RequestHead.
enum RequestSemantics {
    static func check(_ head: inout RequestHead) throws(HTTPError) {
        try host(&head)
        connection(&head)
        head.framing = try BodyFraming.decide(
            coding: BodyFraming.coding(of: head), length: BodyFraming.length(of: head), version: head.version
        )
        try expect(&head)
    }

    /// RFC 9112 §3.2: exactly one valid Host, also when the target has an authority, which then wins.
    private static func host(_ head: inout RequestHead) throws(HTTPError) {
        guard let index = head.headers.firstIndex(.host) else {
            if head.version == .http10 { return }
            throw HTTPError(400, "missing Host")
        }
        guard !head.headers.isRepeated(.host), HostGrammar.isValid(head.value(index), allowsEmpty: true)
        else {
            throw HTTPError(400, "invalid Host")
        }
        if head.host.isEmpty {
            let entry = head.headers[index]
            head.host.offset = entry.valueOffset
            head.host.length = entry.valueLength
        }
    }

    private static func connection(_ head: inout RequestHead) {
        guard var index = head.headers.firstIndex(.connection) else { return }
        while true {
            var list = FieldList(head.value(index))
            while let option = list.next() {
                if ASCII.equalsIgnoringCase(option, "close") {
                    head.connection.insert(.close)
                } else if ASCII.equalsIgnoringCase(option, "keep-alive") {
                    head.connection.insert(.keepAlive)
                } else if ASCII.equalsIgnoringCase(option, "upgrade") {
                    head.connection.insert(.upgrade)
                }
            }
            guard let next = head.headers.nextIndex(.connection, after: index) else { return }
            index = next
        }
    }

    /// RFC 9110 §10.1.1: 100-continue is the only expectation there is; HTTP/1.0 cannot have it.
    private static func expect(_ head: inout RequestHead) throws(HTTPError) {
        guard var index = head.headers.firstIndex(.expect) else { return }
        while true {
            var list = FieldList(head.value(index))
            while let expectation = list.next() {
                guard ASCII.equalsIgnoringCase(expectation, "100-continue") else {
                    throw HTTPError(417, "unknown expectation")
                }
            }
            guard let next = head.headers.nextIndex(.expect, after: index) else { break }
            index = next
        }
        head.expectsContinue = head.version != .http10 && head.framing != .none
    }
}
