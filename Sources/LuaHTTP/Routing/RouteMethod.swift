// SPDX-License-Identifier: MIT

/// A request method as the router sees it: a small integer, so that a set of methods is one word.
/// Knows nothing of HTTP's own `Method`; the caller maps the common ones once and asks
/// `RouteTable.method(named:)` for the rest.
struct RouteMethod: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt8

    static let get = RouteMethod(rawValue: 0)
    static let head = RouteMethod(rawValue: 1)
    static let post = RouteMethod(rawValue: 2)
    static let put = RouteMethod(rawValue: 3)
    static let patch = RouteMethod(rawValue: 4)
    static let delete = RouteMethod(rawValue: 5)
    static let options = RouteMethod(rawValue: 6)
    /// A route that answers whatever method no other route of the same path answers.
    static let any = RouteMethod(rawValue: 7)
    /// A method that no route names. Only `any` routes answer it.
    static let unknown = RouteMethod(rawValue: 31)

    /// Methods that scripts name beyond these get the values up to `unknown`.
    static let standardNames = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ANY"]
    static let highestExtension: UInt8 = 30
}

/// Which methods a path answers.
struct RouteMethodSet: OptionSet, Hashable, Sendable {
    let rawValue: UInt32

    init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    init(_ method: RouteMethod) {
        self.rawValue = 1 &<< UInt32(method.rawValue)
    }

    func contains(_ method: RouteMethod) -> Bool {
        rawValue & (1 &<< UInt32(method.rawValue)) != 0
    }

    /// The members in ascending order.
    var methods: [RouteMethod] {
        (UInt8(0)...RouteMethod.unknown.rawValue).map(RouteMethod.init(rawValue:)).filter(contains)
    }

    /// The method of this set that serves a request with `method`, if one does: the method itself,
    /// GET for HEAD (RFC 9110 §9.3.2: HEAD is GET without the content), else `any`.
    func serving(_ method: RouteMethod) -> RouteMethod? {
        if contains(method) && method != .any { return method }
        if method == .head && contains(.get) { return .get }
        return contains(.any) ? .any : nil
    }
}
