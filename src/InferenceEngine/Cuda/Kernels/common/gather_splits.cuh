#pragma once
// Split-K: the blocks of one tile along z add their int32 sums into `partial`; the last to arrive takes the total, leaves zeros behind and
// does the epilogue.
#include "common/params.cuh"
#include "common/ptx.cuh"

// Adds the sums of a block's first COUNT threads to the tile's total. True in the block that arrived last, which then holds the total.
template <int COUNT, int ROW_FRAGMENTS, int TOKEN_FRAGMENTS>
__device__ __forceinline__ bool gather_splits(const GemmParams& p, int (&sum)[ROW_FRAGMENTS][TOKEN_FRAGMENTS][4]) {
    SHARED_ARRAY(uint32, last, 1);
    const int tile = blockIdx.y * gridDim.x + blockIdx.x;
    int* total = p.partial + (int64)tile * (COUNT * ROW_FRAGMENTS * TOKEN_FRAGMENTS * 4) + threadIdx.x;
#pragma unroll
    for (int f = 0; f < ROW_FRAGMENTS; f++)
#pragma unroll
        for (int j = 0; j < TOKEN_FRAGMENTS; j++)
#pragma unroll
            for (int i = 0; i < 4; i++) atomicAdd(total + ((f * TOKEN_FRAGMENTS + j) * 4 + i) * COUNT, sum[f][j][i]);
    threads_sync<COUNT>();
    if (threadIdx.x == 0) {
        __threadfence(); // the sums that the barrier has collected are visible before the arrival is
        last[0] = atomicAdd(p.arrivals + tile, 1u) == gridDim.z - 1 ? 1u : 0u;
        __threadfence(); // and all other sums to whoever passes the next barrier
    }
    threads_sync<COUNT>();
    if (last[0] == 0) return false;
#pragma unroll
    for (int f = 0; f < ROW_FRAGMENTS; f++)
#pragma unroll
        for (int j = 0; j < TOKEN_FRAGMENTS; j++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                int* place = total + ((f * TOKEN_FRAGMENTS + j) * 4 + i) * COUNT;
                sum[f][j][i] = load_shared_by_blocks(place);
                *place = 0; // ready for the next launch
            }
    if (threadIdx.x == 0) p.arrivals[tile] = 0;
    return true;
}
