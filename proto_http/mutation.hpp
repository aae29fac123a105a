#pragma once

// Deliberate bugs, for the test of the simulation itself: `if (KH_MUTATION(name))` is constant false in every program. Only the
// simulation compiles the sources that have one a second time with KUBERHEALTHY_MUTATIONS, and then turns one on by name at a
// time.

#ifdef KUBERHEALTHY_MUTATIONS

#include <string_view>

namespace proto_http {

/// The deliberate bug that is on; empty: none.
extern std::string_view active_mutation;

} // namespace proto_http

#define KH_MUTATION(name) (proto_http::active_mutation == #name)

#else

#define KH_MUTATION(name) false

#endif
