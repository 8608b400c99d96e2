# shellcheck shell=bash
# Compiles Swift against the modules and objects of the last `make build`, without SwiftPM, which would rebuild the
# package for another path. Sourced by scripts/plugin-trial and scripts/example-trial, from the repository's root.

build=$(pwd)/.build/debug
object_list=$build/sts-gatewayPackageTests.product/Objects.LinkFileList
[[ -f $object_list && -f $build/Modules/GatewayPluginTesting.swiftmodule ]] || {
    echo "${0##*/}: missing build; run: make build" >&2
    exit 69
}

# The language mode of Package.swift, and where the modules of the build are.
flags=(-swift-version 6 -warnings-as-errors -Onone -g -enable-testing -parse-as-library -I "$build/Modules")
# The C modules that the build has used, of this package and of its dependencies.
while IFS= read -r map; do flags+=(-Xcc "-fmodule-map-file=$map"); done < <(
    grep -oE '"-fmodule-map-file=[^"]+"' .build/debug.yaml | cut -d '"' -f 2 | cut -d = -f 2- | sort -u
)
# The system libraries of the plugins' modules.
for library in $(grep -oE 'pkgConfig: "[^"]+"' Package.swift | cut -d '"' -f 2 | sort -u); do
    read -ra words <<<"$(pkg-config --cflags "$library")"
    for word in ${words[@]+"${words[@]}"}; do flags+=(-Xcc "$word"); done
done

# What makes a module one of this package: its upcoming features and its name. SwiftPM names a package after its
# directory, and a module with `package` access can be imported under that name only.
package_flags() {
    local feature package
    for feature in $(grep -oE 'enableUpcomingFeature\("[A-Za-z]+"\)' Package.swift | cut -d '"' -f 2); do
        echo -enable-upcoming-feature
        echo "$feature"
    done
    package=$(grep -E '"-module-name","GatewayCore"' .build/debug.yaml | grep -oE '"-package-name","[^"]+"' |
        cut -d '"' -f 4 | sort -u)
    [[ $package =~ ^[A-Za-z0-9_]+$ ]] || return 1
    echo -package-name
    echo "$package"
}

# Sets `linked`: the linker's arguments for the objects of the build, except those whose path matches an extended regular
# expression. The linker takes what it needs of them.
link_build() {
    local unneeded=$1 object word names=()
    mapfile -t names < <(tr -d "'" <"$object_list" | grep -vE "$unneeded")
    linked=(-use-ld=lld -Xlinker --start-lib)
    for object in "${names[@]}"; do linked+=(-Xlinker "$object"); done
    linked+=(-Xlinker --end-lib -lstdc++)
    # The driver reads the libraries of an object only where it links the object itself.
    swift-autolink-extract "${names[@]}" -o "$scratch/libraries" || return
    for word in $(tr ' ' '\n' <"$scratch/libraries" | grep '^-l' | sort -u); do linked+=("$word"); done
}

# run_tests NAME MINIMUM SOURCE...: builds the tests of a module in "$scratch/tests" and runs them. It sets `passed`.
run_tests() {
    local name=$1 minimum=$2 runtime
    shift 2
    runtime=$(swiftc -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')
    # The same entry point as SwiftPM's test runner.
    cat >"$scratch/Runner.swift" <<'EOF'
import Testing

@main struct Runner {
    static func main() async { await Testing.__swiftPMEntryPoint() as Never }
}
EOF
    swiftc "${flags[@]}" -module-name "$name" -plugin-path "$runtime/host/plugins/testing" -emit-executable \
        -o "$scratch/tests" "$@" "$scratch/Runner.swift" "${linked[@]}" || fail "$name does not compile"
    "$scratch/tests" --testing-library swift-testing >"$scratch/log" 2>&1 || {
        cat "$scratch/log" >&2
        fail "$name fails"
    }
    passed=$(sed -nE 's/.*Test run with ([0-9]+) tests? in .* passed.*/\1/p' "$scratch/log")
    [[ ${passed:-0} -ge $minimum ]] || {
        cat "$scratch/log" >&2
        fail "$name ran ${passed:-0} tests; expected $minimum or more"
    }
}
