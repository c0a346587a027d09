#pragma once
// Integer LayerNorm of one row by one block of THREADS threads; HIDDEN is the row's length. Statistics are integer sums,
// so the threads may share the row in any way. |r_fix| < 2^20 and H <= 2048: S2 < 2^51, V = H S2 - S1^2 < 2^62.
//
// A kernel for one row is all latency. So every load of a thread is under way before the first is used, without a condition around
// it: groups past the last one read the last one and are ignored.
#include "common/epilogue.cuh"
#include "common/ptx.cuh"

constexpr int NORM_WIDTH = HIDDEN % 4 == 0 ? 4 : 1; // neighbours in one access
constexpr int NORM_GROUPS = HIDDEN / NORM_WIDTH;
constexpr int NORM_ITEMS = divide_up(NORM_GROUPS, THREADS); // groups of a thread: group = i * THREADS + threadIdx.x
constexpr bool NORM_WHOLE = NORM_GROUPS % THREADS == 0;     // every thread has all its groups
constexpr int NORM_WARPS = THREADS / WARP;

// A thread's part of a row.
typedef float RowPart[NORM_ITEMS][NORM_WIDTH];

__device__ __forceinline__ bool inside_row(int i) { return NORM_WHOLE || i * THREADS + (int)threadIdx.x < NORM_GROUPS; }

// First column of this thread's group i.
__device__ __forceinline__ int row_column(int i) {
    const int group = i * THREADS + threadIdx.x;
    return (NORM_WHOLE ? group : min(group, NORM_GROUPS - 1)) * NORM_WIDTH;
}

template <int WIDTH> __device__ __forceinline__ void load_neighbours(float (&value)[WIDTH], const float* p) {
    if constexpr (WIDTH == 4) load_four(value, p);
    else value[0] = *p;
}

template <int TYPE, int WIDTH> __device__ __forceinline__ void store_neighbours(void* y, int64 index, const float (&value)[WIDTH], float inverse) {
    if constexpr (WIDTH == 4) {
        const float inverses[4] = {inverse, inverse, inverse, inverse};
        store_whole<TYPE>(y, index, encode_four<TYPE>(value, inverses));
    } else {
        store_one<TYPE>(y, index, value[0], inverse);
    }
}

__device__ __forceinline__ void load_row(RowPart& part, const float* row) {
#pragma unroll
    for (int i = 0; i < NORM_ITEMS; i++) load_neighbours(part[i], row + row_column(i));
}

template <int TYPE> __device__ __forceinline__ void store_row(void* y, int64 row, const RowPart& part, float inverse) {
#pragma unroll
    for (int i = 0; i < NORM_ITEMS; i++)
        if (inside_row(i)) store_neighbours<TYPE>(y, row + row_column(i), part[i], inverse);
}

// gamma and beta do not depend on the kernel before: read them before waiting for it.
struct NormConstants { RowPart gamma, beta; };

__device__ __forceinline__ void load_constants(NormConstants& c, const LayerNormParams& p) {
    load_row(c.gamma, p.gamma);
    load_row(c.beta, p.beta);
}

// clamp(rint(r * 2^k), +-(2^20 - 1))
__device__ __forceinline__ int to_fixed(float r, float grid) {
    return min(max(__float2int_rn(__fmul_rn(r, grid)), -NORM_FIXED_MAX), NORM_FIXED_MAX);
}

// Sum of both values over the block; every thread gets it.
__device__ __forceinline__ void block_sum(int64& a, int64& b) {
    SHARED_ARRAY(int64, sums, 2 * NORM_WARPS);
#pragma unroll
    for (int mask = WARP / 2; mask > 0; mask /= 2) {
        a += shuffle_xor(a, mask);
        b += shuffle_xor(b, mask);
    }
    if (threadIdx.x % WARP == 0) {
        sums[threadIdx.x / WARP * 2] = a;
        sums[threadIdx.x / WARP * 2 + 1] = b;
    }
    __syncthreads();
    a = b = 0;
#pragma unroll
    for (int w = 0; w < NORM_WARPS; w++) {
        a += sums[w * 2];
        b += sums[w * 2 + 1];
    }
}

// r: this thread's part of the residual row. Stores h and its codes.
__device__ __forceinline__ void normalize_row(const LayerNormParams& p, int row, const RowPart& r, const NormConstants& c) {
    int fixed[NORM_ITEMS][NORM_WIDTH];
    int64 s1 = 0, s2 = 0;
#pragma unroll
    for (int i = 0; i < NORM_ITEMS; i++)
#pragma unroll
        for (int e = 0; e < NORM_WIDTH; e++) {
            fixed[i][e] = inside_row(i) ? to_fixed(r[i][e], p.grid) : 0;
            s1 += fixed[i][e];
            s2 += (int64)fixed[i][e] * fixed[i][e];
        }
    block_sum(s1, s2);
    const float v = __ll2float_rn(HIDDEN * s2 - s1 * s1);
    const float rs = __fdiv_rn(1.0f, __fsqrt_rn(__fadd_rn(v, p.epsilon)));
    RowPart h;
#pragma unroll
    for (int i = 0; i < NORM_ITEMS; i++)
#pragma unroll
        for (int e = 0; e < NORM_WIDTH; e++)
            h[i][e] = __fmaf_rn(__fmul_rn(__ll2float_rn((int64)HIDDEN * fixed[i][e] - s1), rs), c.gamma[i][e], c.beta[i][e]);
    store_row<OUTPUT_FLOAT>(p.h, (int64)row * p.pitch, h, 0.0f);
    if (p.codes8) store_row<OUTPUT_INT8>(p.codes8, (int64)row * p.codes8_pitch, h, p.inverse8);
    if (p.codes16) store_row<OUTPUT_INT16>(p.codes16, (int64)row * p.codes16_pitch, h, p.inverse16);
}
