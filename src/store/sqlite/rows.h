// Rows as the values of store.h, for claims and reads.
#pragma once

#include "store/sqlite/database.h"

namespace postern::store::sqlite {

// Lower-case lookup key "domain@local" of an address; "" for the null reverse-path.
[[nodiscard]] std::string address_key(const mail::Mailbox& mailbox);

// nullopt: no such message.
[[nodiscard]] Result<std::optional<MessageFacts>> read_facts(Database& database, MessageId id);
[[nodiscard]] Result<std::vector<RecipientState>> read_recipients(Database& database, MessageId id);
// The message with those recipients only that are pending at `destination` (and, where
// `not_notified`, had no delay notice); nullopt where there is none.
[[nodiscard]] Result<std::optional<StoredMessage>> read_pending(Database& database, MessageId id,
                                                                const std::string& destination,
                                                                bool not_notified = false);
// 0: the destination is not known.
[[nodiscard]] Result<std::int64_t> destination_id(Database& database,
                                                  const std::string& destination);

}  // namespace postern::store::sqlite
