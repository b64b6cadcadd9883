//! Transport-wide feedback: any body is read safely, any arrivals are written and read back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use salon_packets_core::wire::twcc::{Arrival, Feedback, Report, write};

fuzz_target!(|data: &[u8]| {
    if let Ok(feedback) = Feedback::parse(data) {
        assert_eq!(
            feedback.statuses().count(),
            usize::from(feedback.status_count)
        );
    }

    // Three bytes an arrival: the gap before it, and the time since the previous one.
    let (mut sequence, mut at_us) = (0, 1 << 40);
    let arrivals: Vec<_> = data
        .chunks_exact(3)
        .map(|step| {
            sequence += 1 + i64::from(step[0]) * 4;
            at_us = (at_us as i64 + i64::from(i16::from_be_bytes([step[1], step[2]])) * 300) as u64;
            Arrival { sequence, at_us }
        })
        .collect();
    let mut rest = &arrivals[..];
    let mut out = [0; 256];
    while let [first, ..] = rest {
        let report = Report {
            sender_ssrc: 1,
            media_ssrc: 2,
            feedback_count: 0,
            base_sequence: first.sequence,
            arrivals: rest,
        };
        let written = write(&mut out, &report).expect("there is room for one");
        let padding = if out[0] & 0x20 != 0 {
            usize::from(out[written.bytes - 1])
        } else {
            0
        };
        let feedback = Feedback::parse(&out[4..written.bytes - padding]).expect("our own feedback");
        let received: Vec<u16> = feedback
            .statuses()
            .filter(|status| status.delta_us.is_some())
            .map(|status| status.sequence)
            .collect();
        let sent: Vec<u16> = rest[..written.arrivals]
            .iter()
            .map(|arrival| arrival.sequence as u16)
            .collect();
        assert_eq!(received, sent);
        rest = &rest[written.arrivals..];
    }
});
