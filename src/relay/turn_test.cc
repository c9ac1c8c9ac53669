#include "relay/turn.h"

#include <gtest/gtest.h>

namespace postern::relay {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow{Duration(1'790'000'000'000)};
constexpr double kNoSpread = 0.5;  // the middle of ±10 %

policy::QueueConfig queue() {
  policy::QueueConfig out;
  out.retry_min = 1min;
  out.retry_max = 8min;
  out.probe_min = 5s;
  out.probe_max = 40s;
  return out;
}

Outcome failure(Kind kind, Scope scope = Scope::session) {
  Outcome out;
  out.kind = kind;
  out.scope = scope;
  out.code = kind == Kind::blocked ? "name-mismatch" : "connection-refused";
  out.last_error = "451 4.4.0 why";
  return out;
}

struct Case {
  DestinationState state;
  DeliveryReport report;
  bool trial = false;
  Turn take() { return take_report(state, trial, report, queue(), kNow, kNoSpread); }
};

// One session is under way; nothing failed before.
Case running() {
  Case out;
  out.state.sessions = 1;
  out.state.waiting_mail = false;
  return out;
}

Case delivered() {
  Case out = running();
  out.report.path_worked = true;
  out.report.messages = 3;
  out.report.delivered = 3;
  return out;
}

Case failed(Kind kind, Scope scope = Scope::session) {
  Case out = running();
  out.report.failure = failure(kind, scope);
  out.report.look.emplace();
  return out;
}

Case behind_a_blocker(Case in, bool trial) {
  in.state.blocker.emplace();
  in.state.blocker->interval = 5s;
  in.state.blocker->trial = trial;
  in.trial = trial;
  return in;
}

TEST(TakeReport, ASessionThatWorkedClearsTheBackOffAndItsWords) {
  Case c = delivered();
  c.state.backoff = 4min;
  c.state.next_attempt = kNow;
  c.state.last_error = "451 x";
  c.state.last_code = "connection-refused";
  c.state.suspect = MessageId(7);
  EXPECT_EQ(c.take(), Turn::none);
  EXPECT_EQ(c.state.backoff, Duration::zero());
  EXPECT_FALSE(c.state.next_attempt);
  EXPECT_EQ(c.state.last_error, "");
  EXPECT_EQ(c.state.last_code, "none");
  EXPECT_FALSE(c.state.suspect);
  EXPECT_EQ(c.state.sessions, 0U);
  EXPECT_EQ(c.state.last_used, kNow);
  EXPECT_FALSE(c.state.waiting_mail);
}

TEST(TakeReport, ASessionThatFoundNothingToDoSaysNothing) {
  Case c = running();
  c.state.backoff = 4min;
  c.state.last_error = "451 x";
  EXPECT_EQ(c.take(), Turn::none);
  EXPECT_EQ(c.state.backoff, 4min);
  EXPECT_EQ(c.state.last_error, "451 x");
}

TEST(TakeReport, OrdinaryFailuresDoubleTheBackOffUpToItsBound) {
  Case c = failed(Kind::temporary);
  c.state.allowed = 3;
  for (const Duration expected : {1min, 2min, 4min, 8min, 8min}) {
    c.state.sessions = 1;
    EXPECT_EQ(c.take(), Turn::backs_off);
    EXPECT_EQ(c.state.backoff, expected);
    EXPECT_EQ(c.state.next_attempt, kNow + expected);
  }
  EXPECT_EQ(c.state.allowed, 1U) << "slow start again";
  EXPECT_EQ(c.state.last_code, "connection-refused");
  EXPECT_TRUE(c.state.waiting_mail);
  EXPECT_TRUE(c.state.may_stall(false, kNow));
}

TEST(TakeReport, APathThatWorkedStartsTheBackOffAnew) {
  Case c = failed(Kind::temporary);
  c.state.backoff = 8min;
  c.report.path_worked = true;
  EXPECT_EQ(c.take(), Turn::backs_off);
  EXPECT_EQ(c.state.backoff, 1min);
}

TEST(TakeReport, AServerThatClosesAfterSomeMessagesIsAskedAgainAtOnce) {
  struct Row {
    Scope scope;
    std::uint64_t delivered;
    Turn turn;
  };
  for (const Row& row :
       {Row{Scope::session, 2, Turn::none}, Row{Scope::session, 0, Turn::backs_off},
        Row{Scope::host, 2, Turn::backs_off}}) {
    Case c = failed(Kind::temporary, row.scope);
    c.report.path_worked = true;
    c.report.delivered = row.delivered;
    EXPECT_EQ(c.take(), row.turn);
    EXPECT_TRUE(c.state.waiting_mail);
  }
}

TEST(TakeReport, AVerdictInTheWayBlocks) {
  Case c = failed(Kind::blocked);
  EXPECT_EQ(c.take(), Turn::blocked);
  EXPECT_FALSE(c.state.next_attempt) << "the blocker has the clock";
  EXPECT_EQ(c.state.last_code, "name-mismatch");
  Case trial = behind_a_blocker(failed(Kind::blocked), true);
  EXPECT_EQ(trial.take(), Turn::blocked) << "with a new cause, perhaps";
  Case blind = failed(Kind::blocked);
  blind.report.look.reset();
  EXPECT_EQ(blind.take(), Turn::backs_off) << "no verdict to show";
}

TEST(TakeReport, OnlyTheTrialProvesACure) {
  Case trial = behind_a_blocker(delivered(), true);
  trial.state.allowed = 4;
  EXPECT_EQ(trial.take(), Turn::cured);
  EXPECT_EQ(trial.state.allowed, 1U) << "what waited is released paced";
  Case earlier = behind_a_blocker(delivered(), false);
  EXPECT_EQ(earlier.take(), Turn::none);
}

TEST(TakeReport, ATrialThatFoundNoMailCuresAndOneThatWasCutShortDoesNot) {
  Case nothing_left = behind_a_blocker(running(), true);
  EXPECT_EQ(nothing_left.take(), Turn::cured);
  Case cut_short = behind_a_blocker(running(), true);
  cut_short.report.more = true;
  EXPECT_EQ(cut_short.take(), Turn::trial_to_come);
  EXPECT_EQ(cut_short.state.blocker->next_probe, kNow);
  EXPECT_TRUE(cut_short.state.waiting_mail);
  EXPECT_FALSE(cut_short.state.blocker->trial) << "a probe may start";
}

TEST(TakeReport, ATrialThatFailsForAnOrdinaryReasonKeepsTheBlockerAndItsCause) {
  Case c = behind_a_blocker(failed(Kind::temporary), true);
  c.state.blocker->verdict.code = "expired";
  EXPECT_EQ(c.take(), Turn::probed_again);
  EXPECT_FALSE(c.state.blocker->trial);
  EXPECT_EQ(c.state.blocker->verdict.code, "expired");
  EXPECT_EQ(c.state.blocker->last_error, "451 4.4.0 why");
  EXPECT_GT(c.state.blocker->next_probe, kNow + 5s) << "later than before";
  EXPECT_FALSE(c.state.next_attempt);
}

TEST(TakeReport, ASessionOfBeforeTheTroubleDoesNotTouchTheBlocker) {
  Case c = behind_a_blocker(failed(Kind::temporary), false);
  EXPECT_EQ(c.take(), Turn::none);
  EXPECT_EQ(c.state.last_code, "none");
  EXPECT_EQ(c.state.blocker->interval, 5s);
  EXPECT_TRUE(c.state.waiting_mail);
}

Deferral deferral(std::uint64_t id, const char* words = "450 4.2.1 full") {
  return {MessageId(id), words, "not-tls"};
}

TEST(TakeDeferral, MessagesWithATroubleOfTheirOwnWaitAsideForTheFirstOfThem) {
  DestinationState state;
  state.sessions = 1;
  take_deferral(state, deferral(1), queue(), kNow, kNoSpread);
  EXPECT_EQ(state.deferred_until, kNow + 1min) << "while the session goes on";
  take_deferral(state, deferral(2), queue(), kNow + 30s, kNoSpread);
  EXPECT_EQ(state.deferred.size(), 2U);
  EXPECT_EQ(state.deferred_until, kNow + 1min) << "who comes later puts nobody off";
  state.deferred.clear();
  state.deferred_until.reset();
  take_deferral(state, deferral(1), queue(), kNow, kNoSpread);
  EXPECT_EQ(state.deferred_until, kNow + 2min) << "again: for longer";
}

TEST(TakeDeferral, ItsWordsAndItsCodeAreShownTogetherThoughTheSessionWorks) {
  Case c = delivered();
  take_deferral(c.state, deferral(1), queue(), kNow, kNoSpread);
  EXPECT_EQ(c.take(), Turn::none);
  EXPECT_EQ(c.state.last_error, "450 4.2.1 full");
  EXPECT_EQ(c.state.last_code, "not-tls");
  take_deferral(c.state, deferral(2, ""), queue(), kNow, kNoSpread);
  EXPECT_EQ(c.state.last_error, "450 4.2.1 full") << "nothing was said";
}

TEST(TakeProgress, AnOlderFailureIsNotShownBesideASessionThatWorks) {
  DestinationState state;
  state.backoff = 4min;
  state.next_attempt = kNow;
  state.last_error = "451 refused";
  state.last_code = "connection-refused";
  take_progress(state);
  EXPECT_EQ(state.backoff, Duration::zero());
  EXPECT_FALSE(state.next_attempt);
  EXPECT_EQ(state.last_error, "");
  EXPECT_EQ(state.last_code, "none");
  take_deferral(state, deferral(1), queue(), kNow, kNoSpread);
  take_progress(state);
  EXPECT_EQ(state.last_code, "not-tls") << "that one still waits";
}

Heard refused_sender(const std::string& local) {
  return {Heard::What::refused, MessageId(1), {local, "foreign.test"}, false};
}

TEST(TakeReport, ARefusalInTheDialogueMakesTheNextTrialAnotherSenders) {
  Case c = behind_a_blocker(failed(Kind::blocked), true);
  for (std::size_t i = 0; i < kQuickTrials + 2; ++i) {
    c.state.sessions = 1;
    c.state.blocker->interval = 20s;
    c.report.heard = {refused_sender("s" + std::to_string(i))};
    EXPECT_EQ(c.take(), Turn::blocked);
    EXPECT_TRUE(c.state.refused.knows({"s" + std::to_string(i), "foreign.test"}));
    EXPECT_EQ(c.state.blocker->interval, i < kQuickTrials ? Duration::zero() : Duration(20s));
  }
  c.state.sessions = 1;
  c.state.refused = RefusedMail();
  c.state.refused.note(refused_sender("s0"));
  c.report.heard = {refused_sender("s0")};
  (void)c.take();
  EXPECT_EQ(c.state.blocker->interval, 20s) << "the same one again proves nothing new";
}

TEST(TakeReport, TheMessageInWhichASessionFailedIsRememberedUntilOneEndsWell) {
  Case c = failed(Kind::temporary);
  c.report.culprit = MessageId(9);
  (void)c.take();
  EXPECT_EQ(c.state.suspect, MessageId(9));
  c.state.sessions = 1;
  c.report.culprit.reset();
  (void)c.take();
  EXPECT_EQ(c.state.suspect, MessageId(9)) << "the failure had nothing to do with a message";
  c.state.sessions = 1;
  c.report.failure.reset();
  (void)c.take();
  EXPECT_FALSE(c.state.suspect);
}

TEST(AfterProbe, TriesBlocksOrWaits) {
  struct Row {
    const char* name;
    std::optional<Outcome> failure;
    ProbeTurn turn;
  };
  for (const Row& row : {Row{"clean", std::nullopt, ProbeTurn::trial},
                         Row{"for good", failure(Kind::permanent), ProbeTurn::trial},
                         Row{"blocked", failure(Kind::blocked), ProbeTurn::blocked},
                         Row{"refused", failure(Kind::temporary), ProbeTurn::put_off}}) {
    DestinationState state;
    state.blocker.emplace();
    EXPECT_EQ(after_probe(state, row.failure), row.turn) << row.name;
    state.probe_again = true;
    EXPECT_EQ(after_probe(state, row.failure), ProbeTurn::repeat) << row.name;
    state.probe_again = false;
    state.sweeping = true;
    EXPECT_EQ(after_probe(state, row.failure), ProbeTurn::repeat) << row.name;
  }
}

// Sessions in one transaction since then; at rest where there is none.
void with_sessions(DestinationState& state, std::vector<std::optional<Time>> since) {
  state.running.clear();
  for (const std::optional<Time>& at : since) {
    const auto pulse = std::make_shared<Pulse>();
    if (at) pulse->begin(*at);
    state.running.push_back({pulse, {}});
  }
  state.sessions = static_cast<unsigned>(since.size());
}

TEST(SessionLimit, GrowsFromOneToTheConfiguredNumber) {
  policy::QueueConfig config = queue();
  config.max_sessions_per_destination = 4;
  DestinationState state;
  for (const auto& [allowed, limit] :
       {std::pair(0U, 1U), std::pair(1U, 1U), std::pair(3U, 3U), std::pair(9U, 4U)}) {
    state.allowed = allowed;
    EXPECT_EQ(session_limit(state, config, kNow), limit);
  }
}

TEST(SessionLimit, ASessionThatHangsMakesRoomForAnother) {
  policy::QueueConfig config = queue();
  config.max_sessions_per_destination = 3;
  const Time long_ago = kNow - kStuckAfter;
  struct Row {
    std::vector<std::optional<Time>> since;
    unsigned limit;
  };
  for (const Row& row :
       {Row{{kNow - 1s}, 1}, Row{{std::nullopt}, 1}, Row{{long_ago}, 2}, Row{{long_ago, kNow}, 2},
        Row{{long_ago, long_ago}, 3}, Row{{long_ago, long_ago, long_ago}, 3}}) {
    DestinationState state;
    with_sessions(state, row.since);
    EXPECT_EQ(session_limit(state, config, kNow), row.limit) << row.since.size();
  }
}

TEST(Hurry, LetsOneMoreStartButNotBehindABlocker) {
  policy::QueueConfig config = queue();
  config.max_sessions_per_destination = 3;
  DestinationState state;
  with_sessions(state, {kNow});
  hurry(state);
  EXPECT_EQ(session_limit(state, config, kNow), 2U);
  state.allowed = 1;
  state.blocker.emplace();
  hurry(state);
  EXPECT_EQ(state.allowed, 1U);
}

TEST(ProbeWaits, ForATrialAndForSessionsThatDoNotHang) {
  policy::QueueConfig config = queue();
  config.max_sessions_per_destination = 2;
  const Time long_ago = kNow - kStuckAfter;
  DestinationState state;
  state.blocker.emplace();
  EXPECT_FALSE(probe_waits(state, config, kNow));
  with_sessions(state, {kNow});
  EXPECT_TRUE(probe_waits(state, config, kNow));
  with_sessions(state, {long_ago});
  EXPECT_FALSE(probe_waits(state, config, kNow));
  with_sessions(state, {long_ago, long_ago});
  EXPECT_TRUE(probe_waits(state, config, kNow)) << "no trial could follow";
  with_sessions(state, {long_ago});
  state.blocker->trial = true;
  EXPECT_TRUE(probe_waits(state, config, kNow));
}

TEST(MayStall, AfterAFailureInATrialAndBesideOneThatHangs) {
  DestinationState state;
  EXPECT_FALSE(state.may_stall(false, kNow));
  EXPECT_TRUE(state.may_stall(true, kNow)) << "only a probe has worked";
  state.backoff = 1min;
  EXPECT_TRUE(state.may_stall(false, kNow));
  state.backoff = Duration::zero();
  with_sessions(state, {kNow - kStuckAfter});
  EXPECT_TRUE(state.may_stall(false, kNow));
}

TEST(HoldsMail, WhatWaitsOrIsUnderWayAndNoIdleSession) {
  const auto holds = [](auto set) {
    DestinationState state;
    state.waiting_mail = false;
    set(state);
    return state.holds_mail();
  };
  EXPECT_FALSE(holds([](DestinationState&) {}));
  EXPECT_TRUE(holds([](DestinationState& s) { s.waiting_mail = true; }));
  EXPECT_TRUE(holds([](DestinationState& s) { s.next_attempt = kNow; }));
  EXPECT_TRUE(holds([](DestinationState& s) { s.deferred = {MessageId(1)}; }));
  EXPECT_TRUE(holds([](DestinationState& s) { s.blocker.emplace(); }));
  EXPECT_TRUE(holds([](DestinationState& s) { s.sessions = 1; }));
}

TEST(NextDue, IsTheEarliestOfWhatCanHappen) {
  const auto due = [](auto set) {
    std::map<std::string, DestinationState> all;
    (void)all["idle"];
    set(all["other"]);
    return next_due(all, queue(), kNow);
  };
  EXPECT_EQ(due([](DestinationState&) {}), kMaxClockworkSleep);
  EXPECT_EQ(due([](DestinationState& s) { s.next_attempt = kNow + 3s; }), 3s);
  EXPECT_EQ(due([](DestinationState& s) {
              s.next_attempt = kNow + 3s;
              s.waiting_mail = false;
            }),
            kMaxClockworkSleep)
      << "nobody waits for it";
  EXPECT_EQ(due([](DestinationState& s) { s.deferred_until = kNow + 2s; }), 2s);
  const auto blocked = [](DestinationState& s) {
    s.blocker.emplace();
    s.blocker->next_probe = kNow + 4s;
    s.blocker->targets_expire = kNow + 9s;
    s.next_attempt = kNow + 1s;  // of before; the blocker has the clock
  };
  EXPECT_EQ(due(blocked), 4s);
  EXPECT_EQ(due([&](DestinationState& s) {
              blocked(s);
              s.probing = true;
            }),
            9s);
  EXPECT_EQ(due([](DestinationState& s) { with_sessions(s, {kNow - 4s}); }), kStuckAfter - 4s)
      << "it may have claimed what others could take";
  EXPECT_EQ(due([](DestinationState& s) { with_sessions(s, {kNow - kStuckAfter}); }),
            kMaxClockworkSleep);
  EXPECT_EQ(due([](DestinationState& s) { s.next_attempt = kNow - 5s; }), kClockworkTick)
      << "what is overdue and could not start is not asked for without end";
}

}  // namespace
}  // namespace postern::relay
