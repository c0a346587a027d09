// Integer LayerNorm of residual sums and the codes that the next linear layer reads. Grid: (T, 1, 1), one block a token.
// Compile-time constants: HIDDEN, THREADS.
#include "common/norm.cuh"

extern "C" __global__ void __launch_bounds__(THREADS) layernorm(const LayerNormParams p) {
    let_successor_start();
    NormConstants constants;
    load_constants(constants, p);
    wait_for_predecessor();
    RowPart r;
    load_row(r, p.r + (int64)blockIdx.x * p.pitch);
    normalize_row(p, blockIdx.x, r, constants);
}
