//! What the wire formats and SRTP promise, one module per promise.
#![forbid(unsafe_code)]

mod extensions_in_both_forms_are_read_and_written;
mod feedback_tells_every_arrival_within_a_tick;
mod hostile_bytes_never_panic;
mod keyframes_are_recognised;
mod rfc5769_vectors;
mod rtcp_compounds_are_walked_safely;
mod rtp_headers_are_read_and_rewritten;
mod sequence_numbers_unwrap;
mod srtp_agrees_with_libsrtp;
mod srtp_counts_roll_overs;
mod srtp_refuses_what_it_should;
mod stun_checks_are_verified_and_answered;
mod support;
mod vp8_descriptors_are_rewritten;
