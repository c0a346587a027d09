// Calls one function of common/elementwise.cuh on every element, so that a test can compare it with the C# one.
#include "common/elementwise.cuh"

struct ProbeParams {
    const float* x;
    float* y;
    int count;
    int function; // 0 exp2_c, 1 erf_c, 2 gelu_c, 3 tanh_c, 4 quantize to int8, 5 exponential_code
};

extern "C" __global__ void probe(const ProbeParams p) {
    for (int i = threadIdx.x; i < p.count; i += WARP) {
        const float x = p.x[i];
        p.y[i] = p.function == 0 ? exp2_c(x)
               : p.function == 1 ? erf_c(x)
               : p.function == 2 ? gelu_c(x)
               : p.function == 3 ? tanh_c(x)
               : p.function == 5 ? __int2float_rn(exponential_code(x))
                                 : __int2float_rn(quantize(x, 0.37f, INT8_MAX_CODE));
    }
}
