// Attention of one sequence and head: integer scores, integer row maximum, exp2_c, unsigned 8-bit codes, u8 x s8 sums.
//
// Grid: (query tiles, heads, sequences). A block has WARPS warps; SPLIT of them share 16 queries, each with every SPLIT-th group of 32
// keys, for few queries: their maxima and sums are put together through shared memory, exactly, being integers. Keys and values pass
// through shared memory KEY_TILE rows at a time. Two passes over the keys: the first finds the row maxima, the second computes the scores
// again and uses them at once. Recomputing is exact (integers) and costs less than holding 16 x S scores. A sequence of at
// most KEY_TILE tokens is copied only once.
//
// Fragments (g = lane / 4, t = lane % 4): a warp handles 32 keys at a time as four 16 x 8 score tiles s[j]:
// s[j][0], s[j][1] = query g, keys 8j + 2t, 8j + 2t + 1;  s[j][2], s[j][3] = query g + 8.
// The codes of those keys are, without any exchange between lanes, the A operand of the second product if its k index
// 4t + {0,1,2,3} means keys {2t, 2t+1, 8+2t, 8+2t+1} (and 16 + 4t + .. the same 16 keys later): the order of the keys in
// a sum is free. The B operand follows: ldmatrix.trans gives a lane bytes (d, d+1) of keys 2t and 2t+1 for d = 2g; picking
// the even (odd) bytes of two such words gives the four keys above for output column 2g (2g + 1). Hence an "even" and an
// "odd" product per 16 columns, and a lane ends up with the four neighbouring columns 4t..4t+3.
//
// Overflow: |score| <= 127^2 D; z <= 255 S and |sum p v| <= 255 * 127 * S < 2^31 for S < 66 000.
//
// Compile-time constants: HEAD_DIM, WARPS, SPLIT (divides WARPS), KEY_TILE (a multiple of 32), OUTPUT (int8 or int16 codes).
#include "common/epilogue.cuh"
#include "common/ptx.cuh"

constexpr int THREADS = WARP * WARPS;
constexpr int QUERIES = 16 * WARPS / SPLIT;
constexpr int DEPTH = round_up(HEAD_DIM, 32); // codes past HEAD_DIM are zeros
constexpr int PITCH = DEPTH + 16;             // an odd number of 16-byte chunks: eight rows fall on different banks
constexpr int K_STEPS = DEPTH / 32;
constexpr int COLUMN_BLOCKS = divide_up(HEAD_DIM, 16);
constexpr int NO_SCORE = -2147483647 - 1;
static_assert(KEY_TILE % 32 == 0 && WARPS % SPLIT == 0, "keys are taken 32 at a time, and queries have whole groups of warps");

// Copies `count` rows of one head (rows past `valid` become zeros) into a tile of PITCH bytes a row.
__device__ __forceinline__ void load_rows(uint8* tile, const int8* first, int pitch, int count, int valid) {
    constexpr int CHUNKS = DEPTH / 16;
    for (int c = threadIdx.x; c < count * CHUNKS; c += THREADS) {
        const int row = c / CHUNKS, column = c % CHUNKS * 16;
        uint8* to = tile + row * PITCH + column;
        const int bytes = row < valid ? min(max(HEAD_DIM - column, 0), 16) : 0;
        const int8* from = bytes > 0 ? first + (int64)row * pitch + column : first;
        if (HEAD_DIM % 16 == 0) {
            cp_async_16(to, from, bytes);
        } else { // heads do not start at multiples of 16 bytes
            for (int i = 0; i < 16; i++) to[i] = i < bytes ? (uint8)from[i] : (uint8)0;
        }
    }
}

// Scores of 16 queries and 32 keys.
__device__ __forceinline__ void scores(int (&s)[4][4], const uint32 (&q)[K_STEPS][4], const uint8* keys, int lane) {
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
        for (int i = 0; i < 4; i++) s[j][i] = 0;
#pragma unroll
    for (int pair = 0; pair < 2; pair++) { // keys 16 pair .. 16 pair + 15
#pragma unroll
        for (int step = 0; step < K_STEPS; step++) {
            uint32 b[4]; // keys 0-7 codes 0-15, keys 0-7 codes 16-31, then keys 8-15
            const int key = pair * 16 + lane % 8 + lane / 16 * 8, chunk = step * 2 + lane / 8 % 2;
            ldmatrix_x4(b, keys + key * PITCH + chunk * 16);
            mma_s8s8(s[pair * 2], q[step], b[0], b[1]);
            mma_s8s8(s[pair * 2 + 1], q[step], b[2], b[3]);
        }
    }
}

// Raises the row maxima of a lane's two queries; of the keys from its own first one on, `left` are there.
template <bool ALL> __device__ __forceinline__ void raise_maxima(int (&maximum)[2], const int (&s)[4][4], int left) {
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
        for (int i = 0; i < 4; i++)
            if (ALL || 8 * j + i % 2 < left) maximum[i / 2] = max(maximum[i / 2], s[j][i]);
}

// From scores to the codes that weigh the values, a[2 (j / 2) + row half]: two bytes of tile j, then two of tile j + 1; and their sums.
// Padding is masked rather than skipped: a branch for each score would keep them from running side by side.
template <bool ALL>
__device__ __forceinline__ void weigh(uint32 (&a)[4], int (&z)[2], const int (&s)[4][4], const int (&maximum)[2], float score_multiplier, int left) {
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const bool valid = ALL || 8 * j + i % 2 < left;
            const int code = probability_code(valid ? s[j][i] - maximum[i / 2] : 0, score_multiplier) & (valid ? -1 : 0);
            z[i / 2] += code;
            a[j / 2 * 2 + i / 2] |= (uint32)code << (j % 2 * 16 + i % 2 * 8);
        }
}

// 512 threads of a multiprocessor: 128 registers each, of which the assembler, left to itself, takes 96 and spills.
extern "C" __global__ void __launch_bounds__(THREADS, 512 / THREADS) attention(const AttentionParams p) {
    SHARED_DYNAMIC(shared);
    uint8* queries = shared;
    uint8* keys = queries + QUERIES * PITCH;
    uint8* values = keys + KEY_TILE * PITCH;

    let_successor_start();
    wait_for_predecessor();
    const int start = p.offsets[blockIdx.z], length = p.offsets[blockIdx.z + 1] - start;
    const int first_query = blockIdx.x * QUERIES;
    if (first_query >= length) return; // the whole block: the grid is sized for the longest sequence
    const int column = blockIdx.y * HEAD_DIM;
    const int64 origin = (int64)start * p.qkv_pitch + column;
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, t = lane % 4;
    const int group = warp / SPLIT, part = warp % SPLIT; // queries, and share of the keys
    const bool one_tile = length <= KEY_TILE;

    load_rows(queries, p.q + origin + (int64)first_query * p.qkv_pitch, p.qkv_pitch, QUERIES, length - first_query);
    uint32 q[K_STEPS][4];
    int maximum[2] = {NO_SCORE, NO_SCORE}; // of query g and query g + 8
    int z[2] = {0, 0};
    int sum[COLUMN_BLOCKS][2][4]; // [16 columns][even, odd]
#pragma unroll
    for (int d = 0; d < COLUMN_BLOCKS; d++)
#pragma unroll
        for (int odd = 0; odd < 2; odd++)
#pragma unroll
            for (int i = 0; i < 4; i++) sum[d][odd][i] = 0;

    for (int pass = 0; pass < 2; pass++) {
        for (int tile = 0; tile < length; tile += KEY_TILE) {
            const int rows = min(length - tile, KEY_TILE), padded = round_up(rows, 32);
            if (pass == 0 || !one_tile) {
                if (pass > 0 || tile > 0) __syncthreads(); // everybody is done with the previous tile
                load_rows(keys, p.k + origin + (int64)tile * p.qkv_pitch, p.qkv_pitch, padded, rows);
                if (pass == 1 || one_tile) load_rows(values, p.v + origin + (int64)tile * p.qkv_pitch, p.qkv_pitch, padded, rows);
                cp_async_commit();
                cp_async_wait<0>();
                __syncthreads();
            }
            if (pass == 0 && tile == 0) {
#pragma unroll
                for (int step = 0; step < K_STEPS; step++)
                    ldmatrix_x4(q[step], queries + (group * 16 + lane % 16) * PITCH + (step * 2 + lane / 16) * 16);
            }
            for (int block = 32 * part; block < padded; block += 32 * SPLIT) {
                int s[4][4];
                scores(s, q, keys + block * PITCH, lane);
                const bool all = block + 32 <= rows; // of all lanes alike
                const int left = rows - block - 2 * t;
                if (pass == 0) {
                    if (all) raise_maxima<true>(maximum, s, left);
                    else raise_maxima<false>(maximum, s, left);
                    continue;
                }
                uint32 a[4] = {0, 0, 0, 0};
                if (all) weigh<true>(a, z, s, maximum, p.score_multiplier, left);
                else weigh<false>(a, z, s, maximum, p.score_multiplier, left);
#pragma unroll
                for (int d = 0; d < COLUMN_BLOCKS; d++) {
                    uint32 v[4]; // v[m]: bytes 2g, 2g+1 of key 8m + 2t, then of key 8m + 2t + 1
                    ldmatrix_x4_trans(v, values + (block + lane) * PITCH + d * 16);
                    mma_u8s8(sum[d][0], a, pick_bytes(v[0], v[1], 0x6420), pick_bytes(v[2], v[3], 0x6420));
                    mma_u8s8(sum[d][1], a, pick_bytes(v[0], v[1], 0x7531), pick_bytes(v[2], v[3], 0x7531));
                }
            }
        }
        if (pass == 0) {
#pragma unroll
            for (int half = 0; half < 2; half++) { // the four lanes of a quad share a query
                maximum[half] = max(maximum[half], shuffle_xor(maximum[half], 1));
                maximum[half] = max(maximum[half], shuffle_xor(maximum[half], 2));
            }
#if SPLIT > 1
            SHARED_ARRAY(int, maxima, WARPS * 16);
            if (t < 2) maxima[warp * 16 + lane / 4 + 8 * t] = t == 0 ? maximum[0] : maximum[1];
            __syncthreads();
#pragma unroll
            for (int half = 0; half < 2; half++)
#pragma unroll
                for (int other = 0; other < SPLIT; other++) maximum[half] = max(maximum[half], maxima[(group * SPLIT + other) * 16 + lane / 4 + 8 * half]);
#endif
        }
    }

#pragma unroll
    for (int half = 0; half < 2; half++) {
        z[half] += shuffle_xor(z[half], 1);
        z[half] += shuffle_xor(z[half], 2);
    }
#if SPLIT > 1
    constexpr int SUMS = COLUMN_BLOCKS * 8 + 2; // numbers that a lane holds: of its columns and queries, and z of its two queries
    // [warp][number][lane], in place of keys and values. Each of the warps that share queries then finishes some of the columns.
    int* sums = (int*)shared + warp * (SUMS * WARP) + lane;
    __syncthreads();
#pragma unroll
    for (int d = 0; d < COLUMN_BLOCKS; d++)
#pragma unroll
        for (int i = 0; i < 8; i++) sums[(d * 8 + i) * WARP] = sum[d][i / 4][i % 4];
    sums[(SUMS - 2) * WARP] = z[0];
    sums[(SUMS - 1) * WARP] = z[1];
    __syncthreads();
    const int* all = (const int*)shared + group * SPLIT * (SUMS * WARP) + lane;
    z[0] = z[1] = 0;
#pragma unroll
    for (int other = 0; other < SPLIT; other++) {
        z[0] += all[(other * SUMS + SUMS - 2) * WARP];
        z[1] += all[(other * SUMS + SUMS - 1) * WARP];
    }
#pragma unroll
    for (int d = 0; d < COLUMN_BLOCKS; d++) {
        if (d % SPLIT != part) continue;
#pragma unroll
        for (int i = 0; i < 8; i++) {
            int total = 0;
#pragma unroll
            for (int other = 0; other < SPLIT; other++) total += all[(other * SUMS + d * 8 + i) * WARP];
            sum[d][i / 4][i % 4] = total;
        }
    }
#endif
#pragma unroll
    for (int half = 0; half < 2; half++) {
        const int query = first_query + group * 16 + lane / 4 + 8 * half;
        if (query >= length) continue;
        const float scale = __fdiv_rn(p.value_scale, __int2float_rn(z[half]));
#pragma unroll
        for (int d = 0; d < COLUMN_BLOCKS; d++) {
            if (SPLIT > 1 && d % SPLIT != part) continue;
            const int place = d * 16 + 4 * t, count = min(HEAD_DIM - place, 4);
            if (count <= 0) continue;
            float value[4];
            const float inverse[4] = {p.inverse, p.inverse, p.inverse, p.inverse};
#pragma unroll
            for (int i = 0; i < 4; i++) value[i] = __fmul_rn(__int2float_rn(sum[d][i % 2][2 * half + i / 2]), scale);
            const int64 index = (int64)(start + query) * p.context_pitch + column + place;
            if (HEAD_DIM % 4 == 0) {
                store_whole<OUTPUT>(p.context, index, encode_four<OUTPUT>(value, inverse));
            } else {
                for (int i = 0; i < count; i++) store_one<OUTPUT>(p.context, index + i, value[i], p.inverse);
            }
        }
    }
}
