// (word + position) + type in float32 in this order, then LayerNorm. Grid: (T, 1, 1), one block a token.
// Compile-time constants: HIDDEN, THREADS.
#include "common/norm.cuh"

// This thread's part of a row of a table.
__device__ __forceinline__ void load_table(RowPart& part, const TableParams& table, int row) {
    const int64 first = (int64)row * HIDDEN;
    if (table.values) {
        load_row(part, table.values + first);
        return;
    }
    const float scale = table.row_scale[row];
#pragma unroll
    for (int i = 0; i < NORM_ITEMS; i++) {
        const int8* from = table.codes + first + row_column(i);
        Four<OUTPUT_INT8> codes;
        if constexpr (NORM_WIDTH == 4) codes = *(const Four<OUTPUT_INT8>*)from;
        else codes.bytes = (uint32)*from;
#pragma unroll
        for (int e = 0; e < NORM_WIDTH; e++) part[i][e] = __fmul_rn(__int2float_rn(element(codes, e)), scale);
    }
}

extern "C" __global__ void __launch_bounds__(THREADS) embed_layernorm(const EmbeddingParams p) {
    let_successor_start();
    NormConstants constants;
    load_constants(constants, p.norm);
    wait_for_predecessor();
    const int token = blockIdx.x, id = p.ids[token], position = p.positions[token], type = p.types[token];
    RowPart r, positions, types;
    load_table(r, p.word, id);
    load_table(positions, p.position, position);
    load_table(types, p.type, type);
#pragma unroll
    for (int i = 0; i < NORM_ITEMS; i++)
#pragma unroll
        for (int e = 0; e < NORM_WIDTH; e++) r[i][e] = __fadd_rn(__fadd_rn(r[i][e], positions[i][e]), types[i][e]);
    normalize_row(p.norm, token, r, constants);
}
