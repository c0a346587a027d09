#pragma once
// Parameters of the kernels. Every struct has a C# twin of the same layout in KernelParameters.cs; a test compares the sizes.
// T tokens of all sequences one after another, H hidden, N output features, K input features. Pitches count elements.

struct GemmParams {
    const void* x;            // codes [rows, x_pitch]: int8 (gemm_s8; x_pitch a multiple of 16) or int16 (gemm_s16)
    const int* row_index;     // [T] row of x for each output row, or null for the identity
    const void* weight;       // gemm_s8: packed, see README.md; gemm_s16: int16 codes [N, K]
    const float* multiplier;  // m[n] = s_x * s_w[n], padded with anything to a multiple of 32 features
    const float* bias;        // [N], padded likewise
    const float* inverse;     // 1 / scale of the output code of feature n, padded likewise; unused for float output
    const float* residual;    // [T, residual_pitch] added to y, only with RESIDUAL
    void* y;                  // [T, y_pitch]; y_pitch a multiple of 4 elements
    int* partial;             // split-K: int32 sums, zero before the launch and zero again after it
    uint32* arrivals;         // split-K: one counter per output tile, zero before and after
    int tokens;               // T
    int features;             // N
    int depth;                // K
    int x_pitch;
    int y_pitch;
    int residual_pitch;
};

struct AttentionParams {
    const int8* q;            // codes of all heads: row of token i at q + i * qkv_pitch; head a at column a * HEAD_DIM
    const int8* k;            // likewise
    const int8* v;            // likewise
    const int* offsets;       // [B + 1] first token of each sequence
    void* context;            // codes [T, context_pitch], int8 or int16 (OUTPUT)
    float score_multiplier;   // m_qk
    float value_scale;        // s_v
    float inverse;            // 1 / scale of the context codes
    int qkv_pitch;            // a multiple of 16
    int context_pitch;        // a multiple of 4
};

struct LayerNormParams {
    const float* r;           // [T, pitch] residual sums
    const float* gamma;       // [H]
    const float* beta;        // [H]
    float* h;                 // [T, pitch] the next residual; may be r itself; pitches are multiples of 4 elements
    int8* codes8;             // [T, codes8_pitch] or null
    int16* codes16;           // [T, codes16_pitch] or null
    float grid;               // 2^k
    float epsilon;            // eps * H^2 * 4^k, rounded once
    float inverse8;           // 1 / scale of codes8
    float inverse16;          // 1 / scale of codes16
    int pitch;
    int codes8_pitch;
    int codes16_pitch;
};

struct TableParams {          // values, or codes with one scale per row
    const float* values;      // [rows, H] or null
    const int8* codes;        // [rows, H]
    const float* row_scale;   // [rows]
};

struct EmbeddingParams {
    TableParams word;
    TableParams position;
    TableParams type;
    const int* ids;           // [T]
    const int* types;         // [T]
    const int* positions;     // [T]
    LayerNormParams norm;     // r unused
};
