//! The engine between peers, without sockets and without waiting: one file a behaviour.

mod authentic_packets_do_no_harm;
mod extension_ids_are_translated;
mod frames_leave_in_equal_sizes;
mod hostile;
mod ice_lite_follows_the_peer;
mod junk_leaves_the_engine_untouched;
mod key_frame_requests_are_merged;
mod keys_may_come_late;
mod missing_packets_are_asked_for;
mod nack_is_answered_within_a_budget;
mod nothing_leaks;
mod publishers_get_reports;
mod sender_reports_keep_sync;
mod sequence_is_gap_free;
mod streams_do_not_mix;
mod streams_restart_continuously;
mod support;
mod the_socket_loop_forwards;
mod transport_feedback_is_complete;
mod viewer_gets_key_frame_first;
