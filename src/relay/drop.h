// Delivery into a drop directory: one .eml file a message, complete and durable before it gets its
// name.
#pragma once

#include <string>

#include "base/result.h"
#include "store/store.h"

namespace postern::relay {

// Writes FOLDER/ID.eml (ID-N.eml where the first of these recipients is the message's N-th, N > 0):
// Return-Path, one Delivered-To per recipient, then the message as stored. Blocking. The folder is
// made (0700) where it is missing. A file of that name from an earlier try is replaced. Errors: the
// disk's, with the path.
[[nodiscard]] Result<void> write_drop_file(const std::string& folder,
                                           const store::StoredMessage& message,
                                           store::BodyReader& body);

}  // namespace postern::relay
