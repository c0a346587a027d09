// Integer LayerNorm of residual sums and the codes that the next linear layer reads. Grid: (T, 1, 1), one block a token.
// Compile-time constants: HIDDEN, THREADS.
#include "common/norm.cuh"

extern "C" __global__ void __launch_bounds__(THREADS) layernorm(const LayerNormParams p) {
    let_successor_start();
    wait_for_predecessor();
    const int row = blockIdx.x;
    float r[NORM_ITEMS];
#pragma unroll
    for (int i = 0; i < NORM_ITEMS; i++) {
        const int column = i * THREADS + threadIdx.x;
        r[i] = column < HIDDEN ? p.r[(int64)row * p.pitch + column] : 0.0f;
    }
    normalize_row(p, row, r);
}
