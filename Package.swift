// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT

import PackageDescription

// Not MemberImportVisibility: once a dependency brings Foundation, to which module the compiler counts C's `stat` depends
// on which files it compiles together.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "luahttpd",
    platforms: [.macOS("26.0")],
    products: [
        .executable(name: "luahttpd", targets: ["luahttpd"]),
        .library(name: "LuaHTTP", targets: ["LuaHTTP"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-asn1.git", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
    ],
    targets: [
        // The only code that sees lua.h. Its public header includes no Lua header, so nothing
        // that can longjmp is visible to Swift.
        .target(
            name: "CLua",
            exclude: ["lua"],
            cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Wno-c23-extensions", "-Wno-unused-parameter"])],
            linkerSettings: [
                // Linked statically: the program carries its own Lua and needs no package at run time.
                .linkedLibrary(":liblua5.4.a", .when(platforms: [.linux])),
                .linkedLibrary("lua", .when(platforms: [.macOS])),
                .linkedLibrary("m", .when(platforms: [.linux])),
            ]
        ),
        // Style and script of the server's own pages, embedded at compile time.
        .target(
            name: "CAssets",
            exclude: ["page.css", "plain.css", "live.js"],
            cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Wno-c23-extensions"])]
        ),
        // Debian's zlib, linked statically for the same reason.
        .target(
            name: "CZlib",
            linkerSettings: [
                .linkedLibrary(":libz.a", .when(platforms: [.linux])),
                .linkedLibrary("z", .when(platforms: [.macOS])),
            ]
        ),
        // Debian's zstd, likewise.
        .target(
            name: "CZstd",
            linkerSettings: [
                .linkedLibrary(":libzstd.a", .when(platforms: [.linux])),
                .linkedLibrary("zstd", .when(platforms: [.macOS])),
            ]
        ),
        // The allocator's parameters, for the command.
        .target(name: "CMalloc"),
        .target(
            name: "LuaHTTP",
            dependencies: [
                "CAssets", "CLua", "CZlib", "CZstd",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "luahttpd",
            dependencies: [
                "CMalloc", "LuaHTTP",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict,
            // C modules of Lua (lua-cjson, lpeg) look up lua_* and luaL_* in the program itself. The patterns
            // are lld's, which comes with Swift; the default linker takes only whole names.
            linkerSettings: [
                .unsafeFlags(
                    ["-use-ld=lld"]
                        + ["lua_*", "luaL_*", "luaopen_*"].flatMap {
                            ["-Xlinker", "--export-dynamic-symbol=\($0)"]
                        },
                    .when(platforms: [.linux]))
            ]
        ),
        // How a program embeds the server: docs/embedding.md.
        .executableTarget(
            name: "embedding-example",
            dependencies: ["LuaHTTP", .product(name: "Logging", package: "swift-log")],
            path: "Examples/Embedding",
            exclude: ["app.lua"],
            swiftSettings: strict
        ),
        .testTarget(name: "CLuaTests", dependencies: ["CLua"], swiftSettings: strict),
        .testTarget(
            name: "LuaHTTPTests",
            dependencies: [
                "CLua", "CZlib", "CZstd", "LuaHTTP",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                // llhttp, as a second opinion on every request.
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EndToEndTests", dependencies: ["luahttpd", "embedding-example"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c17
)
