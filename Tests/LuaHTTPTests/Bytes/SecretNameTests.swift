// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

@Suite struct SecretNameTests {
    @Test(arguments: [
        "password", "Password", "user_password", "passwd", "token", "csrf-token", "access_token",
        "Authorization",
        "Proxy-Authorization", "Cookie", "Set-Cookie", "api_key", "X-API-Key", "apiKey", "secret",
        "client_secret",
        "session_id", "pass", "PIN", "jwt", "card_number", "private_key",
    ])
    func namesThatPromiseASecret(name: String) { #expect(SecretName.isSecret(name)) }

    @Test(arguments: [
        "name", "id", "passenger", "key", "pinned", "author", "tab", "", "host", "accept", "compass",
    ])
    func namesThatDoNot(name: String) { #expect(!SecretName.isSecret(name)) }
}
