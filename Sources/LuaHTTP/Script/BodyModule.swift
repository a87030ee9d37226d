// SPDX-License-Identifier: MIT

/// Host functions for bodies: uploaded files, and bodies that a script reads itself. The first argument is
/// the request; what each returns is said by the Lua part (CLua/lua/bodies.lua), which is what scripts call.
enum BodyModule {
    enum Call: CaseIterable {
        /// (req, most) → bytes, or nil at the end
        case read
        /// (req) → part, number, or nil after the last
        case nextPart
        /// (req, number, most) → bytes, or nil at the end of the part
        case readPart
        /// (req, path, replaces): the rest of the body
        case save
        /// (req, path, replaces, number): the rest of the part
        case savePart
        /// (req, number, position, most) → bytes, or nil at the end of the file
        case readUpload
        /// (req, path, replaces, number)
        case saveUpload
        /// (req, number) → path
        case uploadPath

        var name: StaticString {
            switch self {
            case .read: "body_read"
            case .nextPart: "body_next_part"
            case .readPart: "body_read_part"
            case .save: "body_save"
            case .savePart: "body_save_part"
            case .readUpload: "upload_read"
            case .saveUpload: "upload_save"
            case .uploadPath: "upload_path"
            }
        }

        var waits: Bool { self != .uploadPath }
    }

    static func functions(_ services: ScriptServices) -> [(StaticString, HostFunction)] {
        Call.allCases.map { call in
            let function = HostFunction(call.name, waits: call.waits) { stack throws(HostError) in
                try services.body(call, stack)
            }
            return (call.name, function)
        }
    }
}
