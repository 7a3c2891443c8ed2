#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds and runs a package that depends on a clone of this one, as a user's package would.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

git clone -q "$root" "$work/fmtlab"
mkdir -p "$work/client/Sources/client"
cat > "$work/client/Package.swift" <<'EOF'
// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "client",
  dependencies: [.package(path: "../fmtlab")],
  targets: [.executableTarget(name: "client", dependencies: [.product(name: "FmtLab", package: "fmtlab")])])
EOF
cat > "$work/client/Sources/client/Client.swift" <<'EOF'
import FmtLab

@main struct Client {
  static func main() throws {
    let toFP8 = try Rounder(to: .e4m3fn, overflow: .saturate)
    let plan = try Plan(text: "e4m3:16,fp16:8,fp32")
    let dot = DotProduct(plan)
    let x = (1...256).map { Value(toFP8(Double($0) / 64)) }
    let problem = Problem.dot(.e4m3fn, .e4m3fn, dot, count: 256)
    print(toFP8(0.3), dot.evaluate(x, x), Bound.applicable(to: problem).count, try Extended(text: "0.1") != .nan)
  }
}
EOF
# From a directory of its own, so that the flags of a surrounding build do not leak in.
output=$(cd "$work/client" && swift run -c release client 2> "$work/log") || { cat "$work/log" >&2; exit 1; }
echo "client package: $output"
[[ $output == "0.3125 "* ]] || { echo "the client printed something else" >&2; exit 1; }
