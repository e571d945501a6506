#pragma once

#include <initializer_list>
#include <vector>

#include <sonde/error.hpp>
#include "core/skeleton.hpp"

namespace sonde::core {

/// Attaches in this order those of the programs that the plan had loaded. AttachFailed naming the
/// hook; what was attached before stays in `links`.
Result<void> attach_loaded(std::initializer_list<const bpf_program*> programs,
                           std::vector<UniqueLink>& links);

}  // namespace sonde::core
