// What a file is that holds no checkpoint: its name, the fact that proves it, the next safe step.
#pragma once

#include "archive/sniff.h"
#include "container/failure.h"
#include "container/slice.h"

namespace safe_load::container {

// `head`: the first bytes of the slice, as sniff() saw them.
Failure describe_foreign(const Slice& slice, const archive::Sniffed& sniffed, base::Bytes head);

// Of a zip file whose directory cannot be read: how much of it is there.
Failure describe_damaged_zip(const Slice& slice, Failure why);

}  // namespace safe_load::container
