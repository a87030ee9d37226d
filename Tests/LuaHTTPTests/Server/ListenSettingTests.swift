// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct ListenSettingTests {
    @Test(arguments: [
        (":80", false, "http://0.0.0.0:80/", false), (":80", true, "https://0.0.0.0:80/", false),
        ("http://:80", true, "http://0.0.0.0:80/", false),
        ("https://[::1]:443", false, "https://[::1]:443/", false),
        ("https://a:443/", true, "https://a:443/", false),
        ("http+proxy://127.0.0.1:1", true, "http+proxy://127.0.0.1:1/", true),
        ("https+proxy://:443", true, "https+proxy://0.0.0.0:443/", true), ("unix:/a", true, "unix:/a", false),
        ("unix+proxy:/a", true, "unix+proxy:/a", true),
    ])
    func asWritten(_ text: String, _ isEncrypted: Bool, _ description: String, _ expectsHeader: Bool) throws {
        let setting = try #require(ListenSetting(text, isEncrypted: isEncrypted))
        #expect(setting.description == description)
        #expect(setting.expectsProxyHeader == expectsHeader)
    }

    @Test func aRedirectSaysSo() throws {
        let address = try #require(ListenAddress("127.0.0.1:80"))
        #expect(ListenSetting(address, .redirect).description == "http://127.0.0.1:80/ (redirect)")
    }

    @Test(arguments: [
        ("", true, "https://127.0.0.1:80/"), ("", false, "http://127.0.0.1:80/"),
        ("site.socket", true, "https://127.0.0.1:80/"), ("http", true, "http://127.0.0.1:80/"),
        ("http+proxy", true, "http+proxy://127.0.0.1:80/"), ("https", false, "https://127.0.0.1:80/"),
        ("https+proxy", true, "https+proxy://127.0.0.1:80/"),
        ("redirect", true, "http://127.0.0.1:80/ (redirect)"),
    ])
    func aSocketSpeaksWhatItsNameSays(_ name: String, _ isEncrypted: Bool, _ description: String) throws {
        let address = try #require(ListenAddress("127.0.0.1:80"))
        #expect(ListenSetting(address, named: name, isEncrypted: isEncrypted).description == description)
    }

    @Test func aNamelessUnixSocketIsPlain() {
        let setting = ListenSetting(.unix(path: "/a"), named: "", isEncrypted: true)
        #expect(setting.speech == .http)
    }

    @Test(arguments: ["ftp://:80", "http://", "://:80", "proxy://:80", "https://a", "", "http://:80/x"])
    func whatIsNoneIsRefused(_ text: String) { #expect(ListenSetting(text, isEncrypted: true) == nil) }
}
