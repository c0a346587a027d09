// Y[T, N] = epilogue(X[T, K] * W[N, K]^T) on int8 tensor cores, dense or 2:4 sparse weights.
//
// The weights are the A operand (only A may be sparse), so a tile is TILE_F features x TILE_T tokens and an accumulator
// row is a feature. A block walks along K in steps of 128 codes through a ring of STAGES shared buffers:
//   weights: packed when the model is loaded (README.md), so that a lane's fragment is 16 contiguous bytes and a stage
//            is contiguous in global memory: plain 16-byte copies in, conflict-free 16-byte reads out;
//   tokens:  TILE_T rows of 128 bytes. The 16-byte chunk c of row r lies at chunk c ^ (r % 8), so that the eight rows
//            of an ldmatrix fall on different banks.
// Row r of the two 16-row fragments of a group of 32 features is feature 4 (r % 8) + 2 fragment + r / 8 (the packer's
// order): a lane then holds four neighbouring features of each of its tokens and stores them as one word.
//
// Split-K: common/gather_splits.cuh. Integer sums do not depend on the order, so the result has the same bits.
//
// Overflow: |sum| <= 127 * 127 * K < 2^31 for K < 133 000, split or not.
//
// Compile-time constants: SPARSE, TILE_F, TILE_T, WARPS_F, WARPS_T, STAGES, ACTIVATION, RESIDUAL, OUTPUT.
#include "common/ptx.cuh"
#include "common/gather_splits.cuh"
#include "common/store_group.cuh"

constexpr int TILE_K = 128;                       // codes of one stage
constexpr int THREADS = WARP * WARPS_F * WARPS_T;
constexpr int WARP_F = TILE_F / WARPS_F;          // features of a warp
constexpr int WARP_T = TILE_T / WARPS_T;          // tokens of a warp
constexpr int GROUP = 32;                         // features packed together: two fragments of 16 rows
constexpr int GROUPS = TILE_F / GROUP;
constexpr int WARP_GROUPS = WARP_F / GROUP;
constexpr int TOKEN_FRAGMENTS = WARP_T / 8;
constexpr int VALUE_BYTES = SPARSE ? 2048 : 4096; // of a group and stage
constexpr int GROUP_BYTES = SPARSE ? VALUE_BYTES + 512 : VALUE_BYTES;
constexpr int WEIGHT_BYTES = GROUPS * GROUP_BYTES;
constexpr int STAGE_BYTES = WEIGHT_BYTES + TILE_T * TILE_K;
static_assert(TILE_F % (GROUP * WARPS_F) == 0 && TILE_T % (8 * WARPS_T) == 0 && STAGES >= 2, "tile does not divide among the warps");

constexpr int WEIGHT_CHUNKS = WEIGHT_BYTES / 16, WEIGHT_COPIES = divide_up(WEIGHT_CHUNKS, THREADS);
constexpr int TOKEN_CHUNKS = TILE_T * (TILE_K / 16), TOKEN_COPIES = divide_up(TOKEN_CHUNKS, THREADS);

// The chunks of 16 bytes that a thread copies: the same ones in every stage, so that only the step along K is left to add.
struct Copies {
    const uint8* weight[WEIGHT_COPIES]; // in step 0
    const uint8* token[TOKEN_COPIES];   // in step 0
    int left[TOKEN_COPIES];             // codes from there to the end of the row; 0 for rows past the last token
};

// Groups past the last one repeat it, and their sums are never stored: zeros would be undefined metadata.
__device__ __forceinline__ void find_weights(Copies& from, const GemmParams& p, int steps) {
    const int groups = divide_up(p.features, GROUP);
#pragma unroll
    for (int i = 0; i < WEIGHT_COPIES; i++) {
        const int c = i * THREADS + threadIdx.x;
        const int group = min((int)blockIdx.x * GROUPS + c / (GROUP_BYTES / 16), groups - 1);
        from.weight[i] = (const uint8*)p.weight + (int64)group * steps * GROUP_BYTES + c % (GROUP_BYTES / 16) * 16;
    }
}

__device__ __forceinline__ void find_tokens(Copies& from, const GemmParams& p) {
#pragma unroll
    for (int i = 0; i < TOKEN_COPIES; i++) {
        const int c = i * THREADS + threadIdx.x, token = blockIdx.y * TILE_T + c / 8, first = c % 8 * 16;
        const bool inside = token < p.tokens;
        const int64 row = !inside ? 0 : p.row_index ? p.row_index[token] : token;
        from.token[i] = (const uint8*)p.x + row * p.x_pitch + first;
        from.left[i] = inside ? p.depth - first : 0;
    }
}

// Copies the weights of stage `step` of K into a buffer.
__device__ __forceinline__ void load_weights(const Copies& from, uint8* buffer, int step) {
#pragma unroll
    for (int i = 0; i < WEIGHT_COPIES; i++) {
        const int c = i * THREADS + threadIdx.x;
        if (WEIGHT_CHUNKS % THREADS == 0 || c < WEIGHT_CHUNKS) cp_async_16(buffer + c * 16, from.weight[i] + (int64)step * GROUP_BYTES, 16);
    }
}

// Copies its tokens: rows past the last token and codes past K become zeros.
__device__ __forceinline__ void load_tokens(const Copies& from, uint8* buffer, int step) {
#pragma unroll
    for (int i = 0; i < TOKEN_COPIES; i++) {
        const int c = i * THREADS + threadIdx.x, row = c / 8, chunk = c % 8;
        if (TOKEN_CHUNKS % THREADS != 0 && c >= TOKEN_CHUNKS) continue;
        const int valid = min(max(from.left[i] - step * TILE_K, 0), 16);
        cp_async_16(buffer + WEIGHT_BYTES + row * TILE_K + ((chunk ^ (row % 8)) * 16), from.token[i] + step * TILE_K, valid);
    }
}

// One stage: two halves of 64 codes, each one ldmatrix per 8 tokens; two dense products or one sparse product per fragment.
__device__ __forceinline__ void multiply_stage(int (&sum)[WARP_GROUPS * 2][TOKEN_FRAGMENTS][4], const uint8* buffer, int warp_f, int warp_t, int lane) {
    const uint8* weights = buffer + warp_f * WARP_GROUPS * GROUP_BYTES;
    const uint8* tokens = buffer + WEIGHT_BYTES + warp_t * WARP_T * TILE_K;
#pragma unroll
    for (int half = 0; half < 2; half++) {
        uint32 b[TOKEN_FRAGMENTS][4]; // b[j][r]: token 8 j + g, codes 64 half + 16 r + 4 t ..
#pragma unroll
        for (int j = 0; j < TOKEN_FRAGMENTS; j++) {
            const int row = j * 8 + lane % 8, chunk = half * 4 + lane / 8;
            ldmatrix_x4(b[j], tokens + row * TILE_K + ((chunk ^ (row % 8)) * 16));
        }
#pragma unroll
        for (int f = 0; f < WARP_GROUPS * 2; f++) {
            const uint8* group = weights + f / 2 * GROUP_BYTES;
#if SPARSE
            const int place = (f % 2 * 2 + half) * WARP + lane;
            const uint4 v = *(const uint4*)(group + place * 16);
            const uint32 e = *(const uint32*)(group + VALUE_BYTES + place * 4);
            const uint32 a[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
            for (int j = 0; j < TOKEN_FRAGMENTS; j++) mma_sp_s8s8(sum[f][j], a, b[j], e);
#else
#pragma unroll
            for (int s = 0; s < 2; s++) {
                const uint4 v = *(const uint4*)(group + ((f % 2 * 4 + half * 2 + s) * WARP + lane) * 16);
                const uint32 a[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
                for (int j = 0; j < TOKEN_FRAGMENTS; j++) mma_s8s8(sum[f][j], a, b[j][2 * s], b[j][2 * s + 1]);
            }
#endif
        }
    }
}

extern "C" __global__ void __launch_bounds__(THREADS, 1) gemm_s8(const GemmParams p) {
    SHARED_DYNAMIC(shared);
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    const int warp_f = warp % WARPS_F, warp_t = warp / WARPS_F;
    const int steps = divide_up(p.depth, TILE_K);
    // In 32 bits: a division of 64 is a subroutine, and this is the way to the first load.
    const int first = (uint32)steps * blockIdx.z / gridDim.z, end = (uint32)steps * (blockIdx.z + 1) / gridDim.z;

    int sum[WARP_GROUPS * 2][TOKEN_FRAGMENTS][4];
#pragma unroll
    for (int f = 0; f < WARP_GROUPS * 2; f++)
#pragma unroll
        for (int j = 0; j < TOKEN_FRAGMENTS; j++)
#pragma unroll
            for (int i = 0; i < 4; i++) sum[f][j][i] = 0;

    // The first weights, and the constants of the epilogue, are on their way while the kernel before still computes the tokens.
    Copies from;
    find_weights(from, p, steps);
#pragma unroll
    for (int s = 0; s < STAGES - 1; s++)
        if (first + s < end) load_weights(from, shared + s * STAGE_BYTES, first + s);
    const int feature = blockIdx.x * TILE_F + warp_f * WARP_F, token = blockIdx.y * TILE_T + warp_t * WARP_T;
    if (warp_t == 0) {
#pragma unroll
        for (int group = 0; group < WARP_GROUPS; group++) prefetch_group(p, feature + group * GROUP, lane);
    }
    let_successor_start();
    wait_for_predecessor();
    find_tokens(from, p);
    // One group of copies per step, also an empty one at the end, so that counting groups counts steps.
#pragma unroll
    for (int s = 0; s < STAGES - 1; s++) {
        if (first + s < end) load_tokens(from, shared + s * STAGE_BYTES, first + s);
        cp_async_commit();
    }
    for (int step = first; step < end; step++) {
        cp_async_wait<STAGES - 2>(); // this thread's part of `step` has landed
        __syncthreads();             // everybody's has; and everybody is done with the buffer that is filled next
        const int next = step + STAGES - 1;
        if (next < end) {
            uint8* buffer = shared + (next - first) % STAGES * STAGE_BYTES;
            load_weights(from, buffer, next);
            load_tokens(from, buffer, next);
        }
        cp_async_commit();
        multiply_stage(sum, shared + (step - first) % STAGES * STAGE_BYTES, warp_f, warp_t, lane);
    }

    if (gridDim.z > 1 && !gather_splits<THREADS>(p, sum)) return;
#pragma unroll
    for (int group = 0; group < WARP_GROUPS; group++)
        store_group<TOKEN_FRAGMENTS>(p, sum[group * 2], sum[group * 2 + 1], feature + group * GROUP, token, lane);
}
