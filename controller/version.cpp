#include "controller/version.hpp"

namespace kh {

std::string_view version() {
    return KUBERHEALTHY_VERSION;
}

} // namespace kh
