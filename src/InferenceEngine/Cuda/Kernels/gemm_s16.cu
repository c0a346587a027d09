// Linear layer over int16 codes with int64 sums: task heads and layers that stay out of INT8. Plain integer code, one warp
// per output: heads are tiny. Grid: (ceil(N / 4), T, 1), 128 threads.
// Overflow: a product is below 2^30 and K < 2^17, so a sum is below 2^47.
// Compile-time constants: ACTIVATION, RESIDUAL, OUTPUT.
#include "common/epilogue.cuh"
#include "common/ptx.cuh"

extern "C" __global__ void __launch_bounds__(128) gemm_s16(const GemmParams p) {
    let_successor_start();
    const int lane = threadIdx.x % WARP, token = blockIdx.y;
    const int feature = blockIdx.x * 4 + threadIdx.x / WARP;
    if (feature >= p.features) return; // the whole warp
    const float multiplier = p.multiplier[feature], bias = p.bias[feature], inverse = OUTPUT == OUTPUT_FLOAT ? 1.0f : p.inverse[feature];
    wait_for_predecessor();
    const int16* x = (const int16*)p.x + (int64)(p.row_index ? p.row_index[token] : token) * p.x_pitch;
    const int16* w = (const int16*)p.weight + (int64)feature * p.depth;
    int64 sum = 0;
    for (int k = lane; k < p.depth; k += WARP) sum += (int)x[k] * w[k];
#pragma unroll
    for (int mask = WARP / 2; mask > 0; mask /= 2) sum += shuffle_xor(sum, mask);
    if (lane != 0) return;
    const float scaled = __fmaf_rn(__ll2float_rn(sum), multiplier, bias);
    const float residual = RESIDUAL ? p.residual[(int64)token * p.residual_pitch + feature] : 0.0f;
    store_one<OUTPUT>(p.y, (int64)token * p.y_pitch + feature, finish(scaled, residual, ACTIVATION, RESIDUAL), inverse);
}
