#pragma once

#include <functional>
#include <thread>

#include <sonde/error.hpp>

namespace sonde {

/// A thread of the library in somebody's program: it takes none of the program's signals, which are
/// for threads that know of them. `body` must not throw. EventProcessingFailed where the system
/// gives no thread.
Result<std::thread> start_thread(std::function<void()> body);

}  // namespace sonde
