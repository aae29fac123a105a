#include "tools/devcluster/dev/definitions.hpp"

// The files as they are. CRDS_FOLDER is set by CMake.
#define EMBED_FILE(symbol, path)                                                                                                 \
    asm(".pushsection .rodata\n" #symbol "_begin:\n.incbin \"" path "\"\n" #symbol "_end:\n.byte 0\n.popsection\n");             \
    extern "C" const char symbol##_begin[];                                                                                      \
    extern "C" const char symbol##_end[]

EMBED_FILE(devcluster_khchecks, CRDS_FOLDER "/khchecks.yaml");
EMBED_FILE(devcluster_khjobs, CRDS_FOLDER "/khjobs.yaml");
EMBED_FILE(devcluster_khstates, CRDS_FOLDER "/khstates.yaml");

namespace devcluster {

std::vector<std::string_view> kuberhealthy_definitions() {
    return {std::string_view(devcluster_khchecks_begin, devcluster_khchecks_end),
            std::string_view(devcluster_khjobs_begin, devcluster_khjobs_end),
            std::string_view(devcluster_khstates_begin, devcluster_khstates_end)};
}

} // namespace devcluster
