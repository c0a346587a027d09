// (word + position) + type in float32 in this order, then LayerNorm. Grid: (T, 1, 1), one block a token.
// Compile-time constants: HIDDEN, THREADS.
#include "common/norm.cuh"

__device__ __forceinline__ float element(const TableParams& table, int row, int column) {
    const int64 place = (int64)row * HIDDEN + column;
    return table.values ? table.values[place] : __fmul_rn(__int2float_rn(table.codes[place]), table.row_scale[row]);
}

extern "C" __global__ void __launch_bounds__(THREADS) embed_layernorm(const EmbeddingParams p) {
    let_successor_start();
    wait_for_predecessor();
    const int row = blockIdx.x;
    const int id = p.ids[row], position = p.positions[row], type = p.types[row];
    float r[NORM_ITEMS];
#pragma unroll
    for (int i = 0; i < NORM_ITEMS; i++) {
        const int column = i * THREADS + threadIdx.x;
        r[i] = 0.0f;
        if (column < HIDDEN)
            r[i] = __fadd_rn(__fadd_rn(element(p.word, id, column), element(p.position, position, column)), element(p.type, type, column));
    }
    normalize_row(p.norm, row, r);
}
