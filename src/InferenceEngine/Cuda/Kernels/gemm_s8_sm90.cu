// Y[T, N] = epilogue(X[T, K] * W[N, K]^T) with warpgroup products of sm_90a, for many tokens. Dense or 2:4 sparse weights.
//
// A block computes 128 CONSUMERS features x 128 tokens with one or two consumer warpgroups of 128 features each, and a producer of
// which one thread works; it hands its registers over, because a consumer thread holds 128 sums and two steps of weights.
// With one consumer a multiprocessor holds two blocks: while one finishes its sums, the other keeps the tensor cores busy.
//   tokens:  the producer copies tiles of 128 tokens x 128 codes through the tensor map (128-byte swizzle, zeros outside) into
//            a ring of STAGES buffers; `full` barriers count the bytes, `empty` barriers the consumer warps.
//            The CLUSTER blocks of a cluster have the same tokens: each copies its slice of them into all, so that the second-level
//            cache, which would limit the rate, is read once for all. A buffer is then empty when the warps of all blocks say so.
//   weights: the A operand comes from registers. The packed order (README.md) is already lane by lane, and no two warps need
//            the same rows, so shared memory would only add traffic: a lane loads its 16-byte fragments and its metadata words
//            for the next step while the products of this one are under way. Warp w of a warpgroup has group w of its four
//            groups of 32 features; product m = 0, 1 is fragment m of that group, so the 64 rows of a product come from four
//            groups and a lane ends with four neighbouring features.
// Split-K, all sums being integers with the same bits, and overflow: as in gemm_s8.cu.
//
// Compile-time constants: SPARSE, CONSUMERS, CLUSTER, STAGES, ACTIVATION, RESIDUAL, OUTPUT.
#include "common/ptx90.cuh"
#include "common/gather_splits.cuh"
#include "common/store_group.cuh"

struct GemmSm90Params {
    TensorMap tokens; // x as [T, K] int8, box 128 / CLUSTER tokens x 128 codes, 128-byte swizzle
    GemmParams gemm;  // x, row_index unused
};

constexpr int TILE_F = 128 * CONSUMERS, TILE_T = 128, TILE_K = 128;
constexpr int CONSUMER_WARPS = 4 * CONSUMERS, THREADS = WARP * (CONSUMER_WARPS + 4);
constexpr int RESIDENT = CONSUMERS == 1 ? 2 : 1;             // of a multiprocessor
constexpr int PRODUCER_REGISTERS = CONSUMERS == 1 ? 24 : 40; // 65536 in all, with 232 for a consumer
constexpr int GROUP = 32;
constexpr int VALUE_BYTES = SPARSE ? 2048 : 4096;
constexpr int GROUP_BYTES = SPARSE ? VALUE_BYTES + 512 : VALUE_BYTES;
constexpr int STAGE_BYTES = TILE_T * TILE_K;
constexpr int SLICE_T = TILE_T / CLUSTER; // tokens that a block copies
static_assert(SLICE_T % 8 == 0, "a slice is not made of whole groups of eight swizzled rows");
constexpr int PRODUCTS = SPARSE ? 2 : 4; // per fragment and step: 64 or 32 codes each

// A lane's weights of one step.
struct Fragments {
    uint32 a[2][PRODUCTS][4];
    uint32 e[2][PRODUCTS];
};

__device__ __forceinline__ void load_fragments(Fragments& f, const uint8* group, int lane) {
#pragma unroll
    for (int m = 0; m < 2; m++)
#pragma unroll
        for (int s = 0; s < PRODUCTS; s++) {
            const int place = (m * PRODUCTS + s) * WARP + lane;
            const uint4 v = load_once((const uint4*)group + place);
            f.a[m][s][0] = v.x; f.a[m][s][1] = v.y; f.a[m][s][2] = v.z; f.a[m][s][3] = v.w;
            if (SPARSE) f.e[m][s] = load_once((const uint32*)(group + VALUE_BYTES) + place);
        }
}

// One step: the products of `f` with a buffer of tokens.
__device__ __forceinline__ void multiply(int (&sum)[2][TILE_T / 8][4], const Fragments& f, const uint8* tokens) {
    wgmma_fence();
#pragma unroll
    for (int s = 0; s < PRODUCTS; s++) {
        const uint64 b = operand_descriptor(tokens + s * (TILE_K / PRODUCTS));
#pragma unroll
        for (int m = 0; m < 2; m++) {
#if SPARSE
            wgmma_sp_s8(sum[m], f.a[m][s], f.e[m][s], b);
#else
            wgmma_s8(sum[m], f.a[m][s], b);
#endif
        }
    }
    wgmma_commit();
}

extern "C" __global__ void __launch_bounds__(THREADS, RESIDENT) gemm_s8_sm90(const __grid_constant__ GemmSm90Params params) {
    SHARED_DYNAMIC(shared);
    SHARED_ARRAY(uint64, full, STAGES);
    SHARED_ARRAY(uint64, empty, STAGES);
    const GemmParams& p = params.gemm;
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    const int all_steps = divide_up(p.depth, TILE_K); // of which this block has its share of the splits
    const int first = (uint32)all_steps * blockIdx.z / gridDim.z, steps = (uint32)all_steps * (blockIdx.z + 1) / gridDim.z - first;
    if (threadIdx.x == 0) {
        for (int s = 0; s < STAGES; s++) {
            barrier_init(full + s, 1);
            barrier_init(empty + s, CONSUMER_WARPS * CLUSTER);
        }
        barrier_init_fence();
    }
    if (CLUSTER == 1) __syncthreads();
    else cluster_sync(); // the others' barriers are ready too
    let_successor_start();

    if (warp >= CONSUMER_WARPS) {
        give_registers<PRODUCER_REGISTERS>();
        if (threadIdx.x != CONSUMER_WARPS * WARP) return;
        wait_for_predecessor();
        copies_see_memory(); // x was written by plain stores
        const int slice = blockIdx.x % CLUSTER * SLICE_T;
        for (int step = 0; step < steps; step++) {
            const int s = step % STAGES, round = step / STAGES;
            barrier_wait(empty + s, (round + 1) % 2); // the first round finds every buffer empty
            barrier_arrive_expect(full + s, STAGE_BYTES);      // slices of others may have come already
            tensor_load<CLUSTER>(shared + s * STAGE_BYTES + slice * TILE_K, &params.tokens, (first + step) * TILE_K, blockIdx.y * TILE_T + slice, full + s);
        }
        // A block must not end while others speak to it or receive from it: until all warps of the cluster have let go of all buffers.
        if (CLUSTER > 1)
            for (int step = steps; step < steps + STAGES; step++) barrier_wait(empty + step % STAGES, (step / STAGES + 1) % 2);
        return;
    }

    take_registers<232>();
    int sum[2][TILE_T / 8][4];
#pragma unroll
    for (int m = 0; m < 2; m++)
#pragma unroll
        for (int j = 0; j < TILE_T / 8; j++)
#pragma unroll
            for (int i = 0; i < 4; i++) sum[m][j][i] = 0;

    // A group past the last one repeats it; its sums are not stored.
    const int group = blockIdx.x * (TILE_F / GROUP) + warp;
    const uint8* weights = (const uint8*)p.weight + ((int64)min(group, divide_up(p.features, GROUP) - 1) * all_steps + first) * GROUP_BYTES;
    Fragments even, odd;
    load_fragments(even, weights, lane);
    prefetch_group(p, group * GROUP, lane);
    wait_for_predecessor(); // for the residual, and before the output is overwritten
    for (int step = 0; step < steps; step += 2) { // two steps at a time, so that both sets of registers have fixed names
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const int now = step + half, s = now % STAGES;
            if (now >= steps) break;
            barrier_wait(full + s, now / STAGES % 2);
            multiply(sum, half == 0 ? even : odd, shared + s * STAGE_BYTES);
            wgmma_wait<1>(); // the products of the step before are done: its buffer and its registers are free
            if (now > 0) barrier_arrive_everywhere<CLUSTER>(empty + (now - 1) % STAGES, lane);
            if (now + 1 < steps) load_fragments(half == 0 ? odd : even, weights + (int64)(now + 1) * GROUP_BYTES, lane);
        }
    }
    wgmma_wait<0>();
    barrier_arrive_everywhere<CLUSTER>(empty + (steps - 1) % STAGES, lane);
    wgmma_results(sum[0]);
    wgmma_results(sum[1]);
    if (gridDim.z > 1 && !gather_splits<WARP * CONSUMER_WARPS>(p, sum)) return;
    store_group<TILE_T / 8>(p, sum[0], sum[1], group * GROUP, blockIdx.y * TILE_T, lane);
}
