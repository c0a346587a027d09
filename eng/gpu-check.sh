#!/usr/bin/env bash
# Proof and measurement of the CUDA engine on a machine with a GPU that has neither .NET nor internet.
#
#   eng/gpu-check.sh pack OUT [TARGET]          here: publishes everything for linux-x64 and packs it, with the kernels for a target (default
#                                               sm_90a). OUT ends in .tar.gz, or in .tar.xz: smaller, for hosts that have xz
#   ./gpu-check.sh run RESULTS [options]        there, in the unpacked folder: runs the stages
#       --stages a,b,...    these alone, in this order (default: all)
#       --limit STAGE=S     another time limit for a stage, in seconds; may be repeated
#       --budget S          seconds for all stages together: a stage gets at most what is left
#       --without wgmma     no warpgroup products in any stage; `--without clusters` none in clusters; `--without none` uses them even where
#                           stage plans found them wrong
#   ./gpu-check.sh report RESULTS FOLDER...     puts the unpacked logs of several runs into one report
#   ./gpu-check.sh list                         the stages with their limits
#
# RESULTS receives report.md, report.json and logs.tar.gz (log and results of every stage, renewed after each one). A stage that fails or
# runs out of time does not stop the others. When warpgroup products fail or hang in stage plans, or it has no time for them, the stages after it, also
# those of later runs from this folder, do without them, or, where only those in clusters are in doubt, without these. Exit code: 0 nothing failed, 1 something did, 3 nothing failed but no device was used.
set -uo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
self=$here/$(basename -- "${BASH_SOURCE[0]}")
check=$here/bin/QatKit.GpuCheck
doubts=$here/without.txt # wgmma or clusters
tests=$here/bin/QatKit.InferenceEngine.Tests

# Name and time limit in seconds. Stages named -host use kernels of this machine's own compiler, the others those that came along.
all_stages="machine:30 doctor:30 plans:120 cpu-tests:150 kernels-host:180 plans-host:120 device-tests:150 soak:400 soak-host:120 memcheck:150 racecheck:200
    synccheck:100 table:420 table-host:120 profile:90 ncu:150 cpu-comparison:240 peers-fp16:300 peers-int8:200 host-torch:120"

# What the stages do without: --without wgmma, --without clusters, or nothing. The tests read their variable.
without=()
case ${STAGE_WITHOUT:-} in
    wgmma | clusters)
        without=(--without "$STAGE_WITHOUT")
        export QATKIT_TEST_WITHOUT=$STAGE_WITHOUT ;;
esac

# ---- stages: each runs in a process of its own, in the folder of its results. Exit code 3: nothing here to check. The last line counts.

stage_machine() {
    date -u
    uname -a
    lscpu | grep -E 'Model name|^CPU\(s\)'
    grep -m 1 -o -w -E 'avx2|avx_vnni|avx512_vnni|amx_int8' /proc/cpuinfo | sort -u | paste -s -d ' '
    ldd --version | head -n 1
    command -v nvcc && nvcc --version | tail -n 2
    command -v python3 && python3 --version
    command -v compute-sanitizer ncu g++
    echo "NVRTC of this machine: $(host_nvrtc || echo none)"
    ldconfig -p | grep -m 1 libssl || echo "libssl is not here: hashes need it"
    nvidia-smi -q -i 0 | grep -E 'Product Name|Driver Version|CUDA Version|Graphics|SM |Memory  |Power Draw|Current Temp|ECC|MIG' || echo "nvidia-smi is not here"
}

stage_doctor() { with_packed "$check" doctor --json doctor.json; }

stage_cpu-tests() {
    "$tests" -noColor -namespace '*.Tests.Kernels' -namespace '*.Tests.Model' -namespace '*.Tests.Session' -namespace '*.Tests.Golden' -class- '*.EngineOnlySampleTests'
}

stage_kernels-host() { with_host "$check" kernels --json kernels-host.json; }

stage_plans() { with_packed "$check" plans "${without[@]}" --json plans.json; }

stage_plans-host() { with_host "$check" plans "${without[@]}" --json plans-host.json; }

stage_device-tests() {
    need_device
    with_packed "$tests" -noColor -namespace '*.Tests.Cuda.*' -namespace- '*.Emulation' -namespace- '*.Compilation' -class- '*.EmulatedBackendTests'
}

stage_soak() { with_packed "$check" soak "${without[@]}" --sentences 10000 --seconds $((STAGE_LIMIT - 20)) --json soak.json; }

stage_soak-host() { with_host "$check" soak "${without[@]}" --sentences 1000 --seconds $((STAGE_LIMIT - 20)) --json soak-host.json; }

stage_memcheck() { sanitize memcheck --leak-check no; }

stage_racecheck() { sanitize racecheck; }

stage_synccheck() { sanitize synccheck; }

stage_table() { with_packed "$check" table "${without[@]}" --seconds $((STAGE_LIMIT - 30)) --json table.json; }

stage_table-host() { with_host "$check" table "${without[@]}" --shapes bert-large --batches 1 32 --lengths 128 --seconds $((STAGE_LIMIT - 30)) --json table-host.json; }

stage_profile() { with_packed "$check" table "${without[@]}" --shapes bert-large --batches 1 32 --lengths 128 --kernels --seconds $((STAGE_LIMIT - 20)) --json table-profile.json; }

# One encoder layer of BERT-large, the ninth, dense and 2:4: the embedding and seven launches of each layer go before.
stage_ncu() {
    need_device
    need ncu
    local format
    for format in "" --sparse24; do
        supported 'LibraryNotLoaded|ERR_NVGPUCTRPERM' with_packed \
            ncu --clock-control none --kernel-name-base function --kernel-name 'regex:gemm|attention|layernorm' --launch-skip 57 --launch-count 7 \
            --section SpeedOfLight --section LaunchStats --section Occupancy --section MemoryWorkloadAnalysis --section WarpStateStats --section SchedulerStats \
            "$check" pass "${without[@]}" --shape bert-large --batch 1 --length 128 $format || return
    done
    echo "the tables are in this log"
}

stage_cpu-comparison() { "$check" comparison --seconds $((STAGE_LIMIT - 20)) --pages . --json cpu-comparison.json; }

stage_peers-fp16() { need python3 && python3 -u "$here/peers/bert_fp16.py" --seconds $((STAGE_LIMIT - 30)) --out peers-fp16.json; }

stage_peers-int8() { need python3 && python3 -u "$here/peers/int8_gemm.py" --seconds $((STAGE_LIMIT - 30)) --out peers-int8.json; }

stage_host-torch() {
    need python3
    local lib
    lib=$(python3 -c 'import os, torch; print(os.path.join(os.path.dirname(torch.__file__), "lib"))') || { echo "this machine's python3 has no torch"; exit 3; }
    LD_LIBRARY_PATH="$lib:${LD_LIBRARY_PATH:-}" "$here/bin/QatKit.HostTorch" "$lib" host-torch.json
}

# ---- what the stages share

with_packed() { QATKIT_NVRTC="$here/no-compiler" "$@"; }

with_host() {
    local nvrtc
    nvrtc=$(host_nvrtc) || { echo "this machine has no NVRTC"; exit 3; }
    # Kernels of another compiler in the packed ones' folder would be taken for them, being newer.
    QATKIT_NVRTC="$nvrtc" XDG_CACHE_HOME="$here/cache-host" "$@"
}

need() { command -v "$1" >/dev/null || { echo "$1 is not here"; exit 3; }; }

need_device() {
    local said
    said=$(with_packed timeout -k 5 60 "$check" doctor) || { echo "no device: $(tail -n 1 <<<"$said")"; exit 3; }
}

sanitize() { # tool, options
    need_device
    need compute-sanitizer
    supported 'Device not supported' with_packed compute-sanitizer --tool "$@" --error-exitcode 9 --print-limit 50 "$check" plans "${without[@]}" --quick
}

# Some virtual machines keep the hardware from NVIDIA's tools: that is no fault of the kernels.
supported() { # pattern of the tool's refusal, command
    local refusal=$1 said status
    shift
    said=$(mktemp -p .)
    "$@" 2>&1 | tee "$said"
    status=${PIPESTATUS[0]}
    if grep -q -E "$refusal" "$said"; then
        echo "the tool does not work on this machine: $(grep -m 1 -E "$refusal" "$said")"
        exit 3
    fi
    return "$status"
}

# A folder with the compiler and its companion: named, a toolkit's, or that of a Python package.
host_nvrtc() {
    local folder
    for folder in ${QATKIT_NVRTC:+"$QATKIT_NVRTC"} "${CUDA_HOME:-/usr/local/cuda}"/lib64 /usr/local/cuda*/lib64 /usr/local/cuda*/targets/x86_64-linux/lib /usr/lib/x86_64-linux-gnu \
        $(command -v python3 >/dev/null && python3 -c 'import glob, site, sysconfig
for s in {*site.getsitepackages(), sysconfig.get_paths()["purelib"]}: print(*glob.glob(s + "/nvidia/*/lib"), sep="\n")' 2>/dev/null); do
        if compgen -G "$folder/libnvrtc.so.1*" >/dev/null && compgen -G "$folder/libnvrtc-builtins.so.1*" >/dev/null; then echo "$folder"; return 0; fi
    done
    return 1
}

# ---- run

run() {
    local results=${1:?usage: gpu-check.sh run RESULTS [--stages a,b] [--limit STAGE=S] [--budget S] [--without wgmma|clusters|none]} stages="" budget=86400 avoid=""
    local -A limits=()
    local entry
    for entry in $all_stages; do
        limits[${entry%%:*}]=${entry##*:}
        stages+=" ${entry%%:*}"
    done
    shift
    while [ $# -gt 0 ]; do
        case $1 in
            --stages) stages=${2//,/ } ;;
            --limit) limits[${2%%=*}]=${2##*=} ;;
            --budget) budget=$2 ;;
            --without)
                case ${2:-} in wgmma | clusters | none) avoid=$2 ;; *) echo "gpu-check: --without knows wgmma, clusters and none" >&2; return 2 ;; esac ;;
            *) echo "gpu-check: $1 is not an option" >&2; return 2 ;;
        esac
        shift 2
    done
    local stage
    for stage in $stages; do
        [ -n "${limits[$stage]:-}" ] || { echo "gpu-check: $stage is not a stage: $all_stages" >&2; return 2; }
    done

    mkdir -p -- "$results" || return 2
    results=$(cd -- "$results" && pwd)
    work=$(mktemp -d)
    trap 'rm -rf -- "$work"' EXIT
    export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 NO_COLOR=1 XDG_CACHE_HOME="$here/cache"
    # Neither the toolkit's programs nor, in some containers, the driver's library are where they are looked for.
    local folder
    for folder in /usr/local/cuda/bin /usr/local/cuda*/compute-sanitizer /opt/nvidia/nsight-compute/* /usr/local/nvidia/bin; do
        [ ! -d "$folder" ] || PATH=$PATH:$folder
    done
    [ ! -e /usr/local/nvidia/lib64/libcuda.so.1 ] || export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/usr/local/nvidia/lib64"

    # What an earlier run from this folder found counts until somebody says otherwise.
    if [ -z "$avoid" ] && [ -s "$doubts" ]; then
        avoid=$(<"$doubts")
        note_doubts
    fi

    local failed=0 used=0 status result detail start left limit pid found
    with_packed timeout -k 5 60 "$check" doctor >/dev/null 2>&1 && used=1
    for stage in $stages; do
        left=$((budget - SECONDS))
        limit=$((limits[$stage] < left ? limits[$stage] : left))
        start=$SECONDS
        if [ "$left" -lt 20 ]; then
            result=skipped detail="no time was left"
        else
            echo "== $stage (at most $limit s)"
            (cd -- "$work" && STAGE_LIMIT=$limit STAGE_WITHOUT=$avoid exec timeout --kill-after=5 "$limit" "$self" stage "$stage") >"$work/$stage.log" 2>&1 &
            pid=$!
            wait "$pid"
            status=$?
            # timeout ends with the stage's shell; what that has started may be slower to go, and would disturb the next stage. All are of timeout's group.
            kill -KILL -- "-$pid" 2>/dev/null
            detail=$(grep -a -v '^[[:space:]]*$' "$work/$stage.log" | tail -n 1 | tr '\t' ' ' | sed -E 's/^[[:space:]]+//' | cut -c 1-300)
            case $status in
                0) result=passed ;;
                3) result=skipped ;;
                124 | 137) result="timed out" failed=1 ;;
                *) result=failed failed=1 ;;
            esac
        fi
        printf '%s\t%s\t%s\t%s\n' "$stage" "$result" "$((SECONDS - start))" "$detail" >>"$work/stages.tsv"
        echo "   $result in $((SECONDS - start)) s: $detail"
        if [ "$stage" = plans ] && [ "$avoid" != wgmma ]; then
            found=$(doubt "$work/plans.log" "$result")
            if [ -n "$found" ] && [ "$found" != "$avoid" ]; then
                echo "$found" >"$doubts"
                if [ "$avoid" != none ]; then
                    avoid=$found
                    note_doubts
                fi
            elif [ "$result" = passed ] && [ "$avoid" != clusters ]; then
                rm -f -- "$doubts"
            fi
        fi
        timeout -k 5 60 "$check" report --from "$work" --to "$results" >"$work/report.log" 2>&1 || { failed=1; tail -n 3 "$work/report.log"; }
        tar -czf "$results/logs.tar.gz.part" -C "$work" . && mv -- "$results/logs.tar.gz.part" "$results/logs.tar.gz"
    done

    [ ! -f "$results/report.md" ] || cat -- "$results/report.md"
    echo "== summary of $SECONDS s"
    column -t -s "$(printf '\t')" "$work/stages.tsv" 2>/dev/null || cat "$work/stages.tsv"
    [ "$failed" -eq 0 ] || return 1
    [ "$used" -eq 1 ] || { echo "no device was used"; return 3; }
}

# A line of the report that is no stage.
note() {
    printf '%s\tnoted\t0\t%s\n' "$1" "$2" >>"$work/stages.tsv"
    echo "== $2"
}

note_doubts() {
    local family="warpgroup products"
    [ "$avoid" = wgmma ] || family="warpgroup products in clusters"
    note "without-$avoid" "$family did not pass in stage plans: the stages after it ran without them (--without $avoid)"
}

# What stage plans leaves in doubt: wgmma, clusters, or nothing.
doubt() { # log of stage plans, result
    if family_doubtful "$1" "$2" "warpgroup products" 1; then echo wgmma
    elif [ "$avoid" != clusters ] && family_doubtful "$1" "$2" clusters '[2-8]'; then echo clusters
    fi
}

# Whether the plans of a family began, or there was no time for them, and did not all end well. A device that has none leaves them out.
family_doubtful() { # log, result, family, blocks of a cluster
    local plans
    plans=$(sed -n -E "s/^$3 begin: ([0-9]+) plans$/\1/p" "$1" 2>/dev/null)
    if [ -z "$plans" ]; then
        [ "$2" = "timed out" ]
    else
        [ "$(grep -c -E "^wgmma/[0-9x]+/[0-9]+/$4/[0-9]+ (dense|2:4): (equal$|left out)" "$1")" -lt "$plans" ]
    fi
}

# ---- pack

pack() {
    local out=${1:?usage: gpu-check.sh pack OUT.tar.gz [TARGET]} target=${2:-sm_90a} root package nvrtc project
    root=$(cd -- "$here/.." && pwd)
    out=$(realpath -m -- "$out")
    work=$(mktemp -d)
    trap 'rm -rf -- "$work"' EXIT
    package=$work/qatkit-gpu-check
    mkdir -p "$package"/{bin,no-compiler,peers,cache/qatkit/kernels}
    # One runtime serves the three programs. Apart from the developer's own outputs, which have no runtime identifier.
    for project in tests/InferenceEngine.Tests benchmarks/GpuCheck benchmarks/HostTorch; do
        dotnet publish "$root/$project" -c Release -r linux-x64 --self-contained -p:ArtifactsPath="$root/artifacts/gpu-check" -o "$package/bin" -v quiet || return 1
    done
    rm -f -- "$package"/bin/*.xml
    nvrtc=$("$root/eng/get-nvrtc.sh") || return 1
    # 4: a kernel spills or does not compile, which the tests of this repository refuse and the report will show.
    QATKIT_NVRTC=$nvrtc "$package/bin/QatKit.GpuCheck" kernels --target "$target" --copy-to "$package/cache/qatkit/kernels" || [ $? -eq 4 ] || return 1
    cp -- "$root"/benchmarks/peers/*.py "$package/peers/"
    cp -- "$self" "$package/gpu-check.sh"
    git -C "$root" log -1 --format='%H %cI' >"$package/version.txt"
    mkdir -p -- "$(dirname -- "$out")"
    local press=(gzip -9)
    [ "$out" = "${out%.xz}" ] || press=(xz -6 -T 0)
    tar -C "$work" -cf - qatkit-gpu-check | "${press[@]}" >"$out.part" && mv -- "$out.part" "$out" || return 1
    echo "$out: $(($(stat -c %s "$out") >> 20)) MiB, $(du -sm "$package" | cut -f 1) MiB unpacked"
}

case ${1:-} in
    pack | run) "$@" ;;
    stage) "stage_${2:?}" ;;
    report) shift; results=$1; shift; mkdir -p -- "$results" && "$check" report --from "$@" --to "$results" ;;
    list) printf '%s\n' $all_stages | tr ':' '\t' ;;
    *) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$self"; exit 2 ;;
esac
