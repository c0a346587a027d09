// Makes one kernel variant callable: KERNEL_FILE, ENTRY and PARAMETERS are given when it is compiled.
#include "ptx90.h"
#include KERNEL_FILE

extern "C" __attribute__((visibility("default"))) unsigned parameter_bytes() { return sizeof(PARAMETERS); }

// flags: 1 = warps in falling order, 2 = asynchronous work is done at once. Returns null or what went wrong. One launch at a time.
extern "C" __attribute__((visibility("default"))) const char* launch(
    unsigned x, unsigned y, unsigned z, unsigned threads, unsigned shared_bytes, const void* parameters, unsigned flags,
    unsigned cluster) {
    using namespace emulation;
    machine.falling_order = flags & 1;
    machine.early_copies = flags & 2;
    machine.kernel = [](const void* p) { ENTRY(*(const PARAMETERS*)p); };
    forget_work();
    alignas(64) static unsigned char aligned_parameters[sizeof(PARAMETERS)];
    memcpy(aligned_parameters, parameters, sizeof(PARAMETERS));
    machine.parameters = aligned_parameters;
    const char* problem = run_grid({x, y, z}, threads, shared_bytes, cluster);
    return problem || copies_under_way.empty() ? problem : "a tensor copy that nobody waited for";
}
