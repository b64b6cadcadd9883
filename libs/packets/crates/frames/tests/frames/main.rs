//! What becomes of packets and frames, one module per promise.
#![forbid(unsafe_code)]

mod colours_are_carried_along;
mod frames_are_cut_into_equal_packets;
mod frames_survive_loss_and_reordering;
mod h264_in_every_packetisation;
mod hostile;
mod hostile_packets_do_no_harm;
mod missing_packets_end_in_a_key_frame;
mod support;
