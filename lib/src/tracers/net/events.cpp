#include "tracers/net/events.hpp"

#include <utility>

namespace sonde::tracers {

bool NetEvents::add(const Table& shape, std::vector<Value> row) {
  const std::lock_guard guard(lock_);
  if (waiting_.size() >= kMostWaiting) return false;
  waiting_.push_back({&shape, std::move(row)});
  return true;
}

std::vector<Table> NetEvents::take() {
  std::vector<Row> rows;
  {
    const std::lock_guard guard(lock_);
    rows.swap(waiting_);
  }
  std::vector<Table> tables;
  const Table* last = nullptr;
  for (Row& row : rows) {
    if (row.shape != last) tables.push_back(*row.shape);
    last = row.shape;
    tables.back().rows.push_back(std::move(row.values));
  }
  return tables;
}

}  // namespace sonde::tracers
