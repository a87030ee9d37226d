// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT

import PackageDescription

// The baseline in Swift: what a well-kept framework with a well-kept template engine costs.
let package = Package(
    name: "baseline",
    platforms: [.macOS("26.0")],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache.git", from: "2.1.1"),
    ],
    targets: [
        .executableTarget(
            name: "baseline",
            dependencies: [
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Mustache", package: "swift-mustache"),
            ])
    ]
)
