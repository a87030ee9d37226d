// SPDX-License-Identifier: MIT

/// Version of this library and program.
public enum LuaHTTPVersion {
    public static let text = "0.1.0"

    /// The release of Lua that is linked in, e.g. "Lua 5.4.4".
    public static var lua: String { LuaRelease.text }
}
