// SPDX-License-Identifier: MIT

internal import NIOCore

/// The route that says whether the server is ready for requests: for balancers and the like. It runs no Lua, and is
/// neither logged nor counted.
extension RequestTask {
    private static let ready: StaticString = "ready\n"
    private static let stopping: StaticString = "stopping\n"
    private static let fields: StaticString =
        "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"

    func sendReadiness() {
        let text = worker.isReady ? Self.ready : Self.stopping
        let fields = UnsafeRawBufferPointer(
            start: Self.fields.utf8Start, count: Self.fields.utf8CodeUnitCount)
        exchange?.respond(
            ResponseHead(worker.isReady ? 200 : 503, fields: fields),
            body: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        end()
    }
}

extension AppDefinition {
    /// Makes a route of the setting, or of the flag, which wins.
    mutating func addReadiness(_ flag: String?) {
        let origin = flag == nil ? "app:config" : "--ready"
        settings.readiness = flag ?? settings.readiness
        guard let path = settings.readiness else { return }
        routes.append(Route(methods: ["GET"], path: path, origin: origin, target: .readiness))
    }
}
