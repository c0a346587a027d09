#!/usr/bin/env bash
# Restore, Release build, style check, all tests, why tests were skipped. The last line is "N passed, N failed, N skipped";
# the exit code is 0 only when everything built, nothing failed and at least one test ran.
set -uo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

export CI=true
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en

log=$(mktemp)
trap 'rm -f -- "$log"' EXIT

finish() { # exit code, passed, failed, skipped
    echo "$2 passed, $3 failed, $4 skipped"
    exit "$1"
}

step() {
    echo "== $*"
    "$@" || { echo "FAILED: $*"; finish 1 0 1 0; }
}

# The CUDA kernels are compiled in the tests, which need no GPU but NVRTC; without it they fail and say so.
nvrtc=$(eng/get-nvrtc.sh) && export QATKIT_NVRTC="$nvrtc"

step dotnet restore QatKit.sln
step dotnet build QatKit.sln -c Release --no-restore
# Code style is an error of the build itself (EnforceCodeStyleInBuild); this adds what only the formatter sees.
step dotnet format whitespace QatKit.sln --no-restore --verify-no-changes

# The solution maps its Debug configuration to Release as well: plain `dotnet test` uses what was just built, optimised.
echo "== dotnet test"
dotnet test 2>&1 | tee "$log"
code=${PIPESTATUS[0]}

# The run's own summary, once for all test projects together.
count() { sed -nE "s/^[[:space:]]*$1: ([0-9]+).*/\1/p" "$log" | tail -n 1; }
passed=$(count succeeded) failed=$(count failed) skipped=$(count skipped)
passed=${passed:-0} failed=${failed:-0} skipped=${skipped:-0}
if [ "$code" -ne 0 ] && [ "$failed" -eq 0 ]; then
    echo "dotnet test ended with exit code $code."
    failed=1
fi
if [ "$((passed + failed))" -eq 0 ]; then
    echo "No test ran."
    code=1
fi
# What was not tested here, and why: a skipped test is a line with its name, its reason indented, and where it is from.
if [ "$skipped" -gt 0 ]; then
    echo "== skipped"
    awk '
        function note() { if (inside) count[reason == "" ? "no reason" : reason]++; inside = 0 }
        /^skipped / { note(); inside = 1; reason = ""; next }
        inside && (/^  from / || !/^  /) { note(); next }
        inside { sub(/^ +/, ""); reason = reason (reason == "" ? "" : " ") $0 }
        END { note(); for (reason in count) printf "%5d  %s\n", count[reason], reason }' "$log" | sort -k1,1nr -k2
fi
# Failures once more at the end, where a reader looks first.
if [ "$code" -ne 0 ]; then grep -a -A 20 '^failed ' "$log" | head -n 200; fi
finish "$code" "$passed" "$failed" "$skipped"
