// The smallest zip file of torch.save: an empty OrderedDict, stored as a/data.pkl.
#pragma once

namespace cli {

// clang-format off
inline constexpr char kSmallestCheckpoint[] =
    "PK\x03\x04\n\0\0\0\0\0\0\0!\0\xe9" "a##\x1e\0\0\0\x1e\0\0\0"
    "\n\0\0\0" "a/data.pkl"
    "\x80\x02" "ccollections\nOrderedDict\n)R."
    "PK\x01\x02\n\0\n\0\0\0\0\0\0\0!\0\xe9" "a##\x1e\0\0\0\x1e\0\0\0"
    "\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" "a/data.pkl"
    "PK\x05\x06\0\0\0\0\x01\0\x01\08\0\0\0F\0\0\0\0\0";
// clang-format on

}  // namespace cli
