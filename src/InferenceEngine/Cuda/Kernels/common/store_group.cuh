#pragma once
// Epilogue of a group of 32 packed features and 8 * FRAGMENTS tokens held by one warp.
#include "common/epilogue.cuh"
#include "common/ptx.cuh"

// Brings the constants of a warp's group of features near while there is still something else to do: they do not depend on the
// kernel before. A group's 32 floats are one line of memory. Padding makes the last group whole; later ones are not there.
__device__ __forceinline__ void prefetch_group(const GemmParams& p, int first_feature, int lane) {
    if (first_feature >= p.features) return;
    if (lane == 0) prefetch_line(p.multiplier + first_feature);
    if (lane == 1) prefetch_line(p.bias + first_feature);
    if (OUTPUT != OUTPUT_FLOAT && lane == 2) prefetch_line(p.inverse + first_feature);
}

// first, second: the sums of the group's two fragments; [j][i] is token 8j + 2t + i % 2, row g + 8 (i / 2) of the fragment.
// Row r of fragment f is feature 4 (r % 8) + 2f + r / 8, so a lane has features 4g .. 4g+3 of two tokens for every j.
//
// A few fragments at a time: all their residuals are asked for before one is used, so that their latencies run side by side. Hence no
// condition around a load: rows past the last token read the last token's, and features past the last one read the row's padding.
template <int FRAGMENTS>
__device__ __forceinline__ void store_group(const GemmParams& p, const int (&first)[FRAGMENTS][4], const int (&second)[FRAGMENTS][4],
                                            int first_feature, int first_token, int lane) {
    constexpr int BATCH = FRAGMENTS % 4 == 0 ? 4 : FRAGMENTS % 3 == 0 ? 3 : FRAGMENTS % 2 == 0 ? 2 : 1; // 8 x 4 residuals, in registers
    const int feature = first_feature + lane / 4 * 4, count = min(p.features - feature, 4);
    if (count <= 0) return;
    const bool whole = first_token + FRAGMENTS * 8 <= p.tokens && first_feature + 32 <= p.features; // of all lanes alike: no store has to look
    float multiplier[4], bias[4], inverse[4];
    load_four(multiplier, p.multiplier + feature);
    load_four(bias, p.bias + feature);
    if (OUTPUT != OUTPUT_FLOAT) load_four(inverse, p.inverse + feature);
#pragma unroll
    for (int begin = 0; begin < FRAGMENTS; begin += BATCH) {
        const int token = first_token + begin * 8 + 2 * (lane % 4); // of (j, c) = (begin, 0)
        float residual[BATCH][2][4];
        if (RESIDUAL) {
#pragma unroll
            for (int j = 0; j < BATCH; j++)
#pragma unroll
                for (int c = 0; c < 2; c++)
                    load_four(residual[j][c], p.residual + (int64)min(token + j * 8 + c, p.tokens - 1) * p.residual_pitch + feature);
        }
        Four<OUTPUT> four[BATCH][2];
#pragma unroll
        for (int j = 0; j < BATCH; j++)
#pragma unroll
            for (int c = 0; c < 2; c++) {
                float value[4];
#pragma unroll
                for (int i = 0; i < 4; i++) { // feature + i: fragment i / 2, row g + 8 (i % 2)
                    const int acc = i < 2 ? first[begin + j][i % 2 * 2 + c] : second[begin + j][i % 2 * 2 + c];
                    value[i] = finish(__fmaf_rn(__int2float_rn(acc), multiplier[i], bias[i]), residual[j][c][i], ACTIVATION, RESIDUAL);
                }
                four[j][c] = encode_four<OUTPUT>(value, inverse);
            }
        if (whole) {
#pragma unroll
            for (int j = 0; j < BATCH; j++)
#pragma unroll
                for (int c = 0; c < 2; c++) store_whole<OUTPUT>(p.y, (int64)(token + j * 8 + c) * p.y_pitch + feature, four[j][c]);
        } else {
#pragma unroll
            for (int j = 0; j < BATCH; j++)
#pragma unroll
                for (int c = 0; c < 2; c++)
                    if (token + j * 8 + c < p.tokens) store_part<OUTPUT>(p.y, (int64)(token + j * 8 + c) * p.y_pitch + feature, four[j][c], count);
        }
    }
}
