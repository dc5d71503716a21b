// Chains: how a container of a pickle grows before it is known how large it will be.
#pragma once

#include <span>
#include <vector>

#include "base/pool.h"
#include "pickle/tape.h"
#include "safe_load/result.h"

namespace safe_load::pickle {

// Appends a segment with these items, added when there were `now` nodes, to the chain that `run`
// names by its first and last segment.
Status extend_chain(base::Pool<NodeId>& children, Run& run, std::span<const NodeId> items,
                    NodeId now);

// Makes `run` name its items in one row, and when it last grew.
Status join_chain(base::Pool<NodeId>& children, Run& run);

// The items of a chain that may grow on, and the last of them: kNoNode if there are none.
std::vector<NodeId> chain_items(const base::Pool<NodeId>& children, const Run& run);
NodeId last_of_chain(const base::Pool<NodeId>& children, const Run& run);

}  // namespace safe_load::pickle
