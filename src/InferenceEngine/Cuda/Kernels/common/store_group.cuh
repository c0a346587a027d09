#pragma once
// Epilogue of a group of 32 packed features and 8 * FRAGMENTS tokens held by one warp.
#include "common/epilogue.cuh"

// first, second: the sums of the group's two fragments; [j][i] is token 8j + 2t + i % 2, row g + 8 (i / 2) of the fragment.
// Row r of fragment f is feature 4 (r % 8) + 2f + r / 8, so a lane has features 4g .. 4g+3 of two tokens for every j.
template <int FRAGMENTS>
__device__ __forceinline__ void store_group(const GemmParams& p, const int (&first)[FRAGMENTS][4], const int (&second)[FRAGMENTS][4],
                                            int first_feature, int first_token, int lane) {
    const int feature = first_feature + lane / 4 * 4, t = lane % 4;
    const int count = min(p.features - feature, 4);
    if (count <= 0) return;
    float multiplier[4], bias[4], inverse[4];
    load_four(multiplier, p.multiplier + feature);
    load_four(bias, p.bias + feature);
    if (OUTPUT != OUTPUT_FLOAT) load_four(inverse, p.inverse + feature);
#pragma unroll
    for (int j = 0; j < FRAGMENTS; j++) {
#pragma unroll
        for (int c = 0; c < 2; c++) {
            const int token = first_token + j * 8 + 2 * t + c;
            if (token >= p.tokens) continue;
            float value[4], residual[4];
            if (RESIDUAL) {
                const float* from = p.residual + (int64)token * p.residual_pitch + feature;
                if (count == 4) load_four(residual, from);
                else for (int i = 0; i < count; i++) residual[i] = from[i];
            }
#pragma unroll
            for (int i = 0; i < 4; i++) { // feature + i: fragment i / 2, row g + 8 (i % 2)
                const int acc = i < 2 ? first[j][i % 2 * 2 + c] : second[j][i % 2 * 2 + c];
                value[i] = finish(__fmaf_rn(__int2float_rn(acc), multiplier[i], bias[i]), residual[i], ACTIVATION, RESIDUAL);
            }
            store_four<OUTPUT>(p.y, (int64)token * p.y_pitch + feature, value, inverse, count);
        }
    }
}
