// SPDX-License-Identifier: MIT

/// JSON for scripts: `app.json`, `luahttpd.json`.
enum JSONModule {
    /// encode(value) → string; raises what cannot be encoded, with the path to it.
    static func encode() -> HostFunction {
        let scratch = Scratch()
        return HostFunction("json.encode") { stack throws(HostError) in
            try scratch.encode(stack)
            return .results(1)
        }
    }

    /// Memory kept from text to text; host functions are never entered twice, so one is enough.
    private final class Scratch {
        private var bytes = ByteStorage(capacity: 512)
        private var workspace = JSONWriter.Workspace()
        private static let most = 64 << 10

        func encode(_ stack: LuaStack) throws(HostError) {
            bytes.count = 0
            do throws(JSONError) {
                try JSONWriter.write(1, of: stack, to: &bytes, in: &workspace)
            } catch {
                throw .message(error.description)
            }
            let isPushed = stack.push(bytes.bytes)
            if bytes.capacity > Self.most { bytes = ByteStorage(capacity: 512) }
            guard isPushed else { throw .message("JSON of 1 GiB or more") }
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
