//! RTCP compounds; iteration is bounded by the datagram.
#![no_main]

use libfuzzer_sys::fuzz_target;
use salon_packets_core::wire::rtcp::{Packet, Packets};

fuzz_target!(|data: &[u8]| {
    let mut items = 0;
    for packet in Packets::new(data) {
        items += match packet {
            Ok(Packet::SenderReport(_, blocks) | Packet::ReceiverReport { blocks, .. }) => {
                blocks.count()
            }
            Ok(Packet::Bye(ssrcs)) => ssrcs.count(),
            Ok(Packet::Nack(nack)) => nack.sequence_numbers().count() / 17,
            Ok(Packet::Fir(fir)) => fir.entries().count(),
            Ok(Packet::Remb(remb)) => remb.ssrcs().count(),
            Ok(Packet::TransportFeedback(feedback)) => {
                assert_eq!(
                    feedback.statuses().count(),
                    usize::from(feedback.status_count)
                );
                0
            }
            Ok(Packet::Pli { .. } | Packet::Other { .. }) | Err(_) => 0,
        };
    }
    assert!(items <= data.len() / 4);
});
