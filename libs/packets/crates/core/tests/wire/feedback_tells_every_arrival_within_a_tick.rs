use super::support::{Random, hex};
use salon_packets_core::wire::WireError;
use salon_packets_core::wire::rtcp::{Packet, Packets, Writer};
use salon_packets_core::wire::twcc::{Arrival, Feedback, MIN_PACKET_BYTES, Report, Status, write};

fn report(base_sequence: i64, arrivals: &[Arrival]) -> Report<'_> {
    Report {
        sender_ssrc: 1,
        media_ssrc: 2,
        feedback_count: 3,
        base_sequence,
        arrivals,
    }
}

fn parsed(packet: &[u8]) -> Feedback<'_> {
    match Packets::new(packet).next() {
        Some(Ok(Packet::TransportFeedback(feedback))) => feedback,
        other => panic!("not a feedback: {other:?}"),
    }
}

/// Writes all arrivals into packets of `room` bytes and reads them back: (sequence, arrival time or loss).
fn round_trip(
    mut base: i64,
    mut arrivals: &[Arrival],
    room: usize,
) -> (Vec<(i64, Option<i64>)>, usize) {
    let (mut told, mut packets) = (Vec::new(), 0);
    while !arrivals.is_empty() {
        let mut out = vec![0xee; room];
        let written = write(&mut out, &report(base, arrivals)).unwrap();
        assert!(written.arrivals > 0 && written.bytes <= room && written.bytes.is_multiple_of(4));
        let feedback = parsed(&out[..written.bytes]);
        assert_eq!(
            (
                feedback.sender_ssrc,
                feedback.media_ssrc,
                feedback.feedback_count
            ),
            (1, 2, 3)
        );
        // The reader unwraps against the writer's base; the reference time of 24 bits does not wrap in these tests.
        let mut at_us = i64::from(feedback.reference_time_64ms) * 64_000;
        let statuses: Vec<Status> = feedback.statuses().collect();
        assert_eq!(statuses.len(), usize::from(feedback.status_count));
        base += i64::from(feedback.base_sequence.wrapping_sub(base as u16));
        for (i, status) in statuses.iter().enumerate() {
            assert_eq!(status.sequence, (base + i as i64) as u16);
            let time = status.delta_us.map(|delta| {
                at_us += i64::from(delta);
                at_us
            });
            told.push((base + i as i64, time));
        }
        base += statuses.len() as i64;
        arrivals = &arrivals[written.arrivals..];
        packets += 1;
    }
    (told, packets)
}

fn assert_told(base: i64, arrivals: &[Arrival], room: usize) -> usize {
    let (told, packets) = round_trip(base, arrivals, room);
    let mut expected = arrivals.iter().peekable();
    for (next, (sequence, time)) in (base..).zip(told) {
        assert_eq!(sequence, next, "no number is left out");
        match expected.next_if(|arrival| arrival.sequence == sequence) {
            Some(arrival) => {
                let error = arrival.at_us as i64 - time.expect("it arrived");
                assert!((0..250).contains(&error), "{sequence} is {error} us off");
            }
            None => assert_eq!(time, None, "{sequence} did not arrive"),
        }
    }
    assert!(expected.next().is_none());
    packets
}

#[test]
fn a_known_packet_is_written_byte_for_byte() {
    // Two received 1 ms apart, one lost, one 70 ms later: symbols 1 1 0 2 as a two-bit vector.
    let arrivals = [
        Arrival {
            sequence: 0x1_0005,
            at_us: 64_000,
        },
        Arrival {
            sequence: 0x1_0006,
            at_us: 65_000,
        },
        Arrival {
            sequence: 0x1_0008,
            at_us: 135_000,
        },
    ];
    let mut out = [0; 64];
    let written = write(&mut out, &report(0x1_0005, &arrivals)).unwrap();
    assert_eq!(written.arrivals, 3);
    let expected = hex("afcd0006 00000001 00000002 00050004 00000103 d4800004 01180002");
    // 135 ms - 65 ms = 280 ticks = 0x0118; two bytes of padding.
    assert_eq!(out[..written.bytes], expected);
}

#[test]
fn steady_and_lossy_streams_are_told_in_full() {
    let mut random = Random::new(11);
    for round in 0..300 {
        let start = [0, 40_000, 65_500, 1 << 33][round % 4];
        let loss_percent = [0, 2, 50, 97][round / 4 % 4];
        let (mut sequence, mut at_us) = (start, 1_000_000_000u64);
        let mut arrivals = Vec::new();
        for _ in 0..random.below(400) + 1 {
            while random.below(100) < loss_percent {
                sequence += 1;
            }
            // Mostly dense, sometimes late, sometimes out of order in time.
            at_us = match random.below(20) {
                0 => at_us + random.below(200_000) as u64,
                1 => at_us - random.below(5_000) as u64,
                _ => at_us + random.below(3_000) as u64,
            };
            arrivals.push(Arrival { sequence, at_us });
            sequence += 1;
        }
        let room = [1_100, 200, MIN_PACKET_BYTES + random.below(64)][round % 3];
        assert_told(start - (round % 5) as i64, &arrivals, room);
    }
}

#[test]
fn numbers_from_32768_on_and_across_the_wrap_are_told() {
    for start in [32_767i64, 32_768, 65_530, 0x1_7fff, 0xf_fffa] {
        let arrivals: Vec<_> = (0..20)
            .map(|i| Arrival {
                sequence: start + i,
                at_us: 5_000_000 + i as u64 * 777,
            })
            .collect();
        assert_eq!(assert_told(start, &arrivals, 1_100), 1);
    }
}

#[test]
fn losses_between_reports_are_told() {
    let arrivals = [Arrival {
        sequence: 110,
        at_us: 64_000,
    }];
    let (told, _) = round_trip(100, &arrivals, 100);
    assert_eq!(told.len(), 11);
    assert!(told[..10].iter().all(|(_, time)| time.is_none()));
}

#[test]
fn a_delta_that_overflows_begins_a_new_packet() {
    // 16 bits of 250 us reach 8.19 s either way.
    let arrivals = [
        (1, 20_000_000),
        (2, 28_191_750),
        (3, 36_383_750),
        (4, 28_100_000),
    ]
    .map(|(sequence, at_us)| Arrival { sequence, at_us });
    assert_eq!(assert_told(1, &arrivals[..2], 100), 1);
    assert_eq!(assert_told(1, &arrivals[..3], 100), 2);
    assert_eq!(assert_told(1, &arrivals, 100), 3);
}

#[test]
fn long_gaps_take_few_bytes_and_absurd_ones_are_skipped() {
    let arrivals = [Arrival {
        sequence: 32_767,
        at_us: 64_000,
    }];
    let mut out = [0; MIN_PACKET_BYTES];
    let written = write(&mut out, &report(0, &arrivals)).unwrap();
    assert_eq!(parsed(&out[..written.bytes]).status_count, 32_768);

    let arrivals = [Arrival {
        sequence: 32_768,
        at_us: 64_000,
    }];
    let written = write(&mut out, &report(0, &arrivals)).unwrap();
    let feedback = parsed(&out[..written.bytes]);
    assert_eq!((feedback.base_sequence, feedback.status_count), (32_768, 1));

    // A jump inside a report that the 16-bit count cannot span waits for the next report.
    let arrivals = [
        Arrival {
            sequence: 5,
            at_us: 64_000,
        },
        Arrival {
            sequence: 70_000,
            at_us: 65_000,
        },
    ];
    assert_eq!(write(&mut out, &report(5, &arrivals)).unwrap().arrivals, 1);
    let arrivals = [
        Arrival {
            sequence: 5,
            at_us: 64_000,
        },
        Arrival {
            sequence: 5 + 65_534,
            at_us: 65_000,
        },
    ];
    let mut out = [0; 100];
    assert_eq!(write(&mut out, &report(5, &arrivals)).unwrap().arrivals, 2);
}

#[test]
fn a_packet_from_before_the_base_moves_the_base() {
    let arrivals = [Arrival {
        sequence: 90,
        at_us: 64_000,
    }];
    let mut out = [0; 64];
    let written = write(&mut out, &report(100, &arrivals)).unwrap();
    assert_eq!(parsed(&out[..written.bytes]).base_sequence, 90);
}

#[test]
fn unsorted_and_empty_reports_are_refused() {
    let mut out = [0; 64];
    let arrival = |sequence| Arrival {
        sequence,
        at_us: 64_000,
    };
    assert_eq!(write(&mut out, &report(0, &[])), Err(WireError::OutOfRange));
    assert_eq!(
        write(&mut out, &report(0, &[arrival(2), arrival(1)])),
        Err(WireError::OutOfRange)
    );
    assert_eq!(
        write(&mut out, &report(0, &[arrival(2), arrival(2)])),
        Err(WireError::OutOfRange)
    );
    for room in 0..24 {
        assert_eq!(
            write(&mut out[..room], &report(2, &[arrival(2)])),
            Err(WireError::NoRoom)
        );
    }
    // Numbers at the ends of their range are not a panic either.
    for sequence in [i64::MIN, i64::MAX] {
        let arrivals = [Arrival {
            sequence,
            at_us: u64::MAX,
        }];
        for base in [i64::MIN, 0, i64::MAX] {
            let _ = write(&mut out, &report(base, &arrivals));
        }
    }
}

#[test]
fn the_compound_writer_appends_it() {
    let mut out = [0; 200];
    let mut writer = Writer::new(&mut out);
    writer.receiver_report(1, &[]).unwrap();
    let arrivals = [Arrival {
        sequence: 7,
        at_us: 64_000,
    }];
    assert_eq!(writer.transport_feedback(&report(7, &arrivals)), Ok(1));
    let len = writer.len();
    assert!(matches!(
        Packets::new(&out[..len]).nth(1),
        Some(Ok(Packet::TransportFeedback(_)))
    ));
}

#[test]
fn every_chunk_form_is_read_and_bounded_by_the_count() {
    let cases: [(&str, &[Option<i32>]); 5] = [
        // A run that claims 8191 is cut to the count.
        (
            "00000001 00000002 00070002 00000000 3fff 0102",
            &[Some(250), Some(500)],
        ),
        // One-bit vector 1 0 1, the rest beyond the count.
        (
            "00000001 00000002 00070003 00000000 bfff 010203",
            &[Some(250), Some(500), Some(750)],
        ),
        (
            "00000001 00000002 00070003 00000000 a800 0102",
            &[Some(250), None, Some(500)],
        ),
        // Two-bit vector: lost, small, large negative.
        (
            "00000001 00000002 00070003 00000000 c600 01 ffff",
            &[None, Some(250), Some(-250)],
        ),
        // Empty run chunks add nothing.
        (
            "00000001 00000002 00070001 00000000 0000 0000 2001 01",
            &[Some(250)],
        ),
    ];
    for (body, deltas) in cases {
        let body = hex(body);
        let feedback = Feedback::parse(&body).unwrap();
        let told: Vec<_> = feedback.statuses().map(|status| status.delta_us).collect();
        assert_eq!(told, deltas);
    }
}

#[test]
fn structures_that_do_not_add_up_are_refused() {
    for (body, error) in [
        ("00000001 00000002 00070002 000000", WireError::Truncated),
        ("00000001 00000002 00070002 00000000", WireError::Truncated),
        (
            "00000001 00000002 00070002 00000000 2002 01",
            WireError::Truncated,
        ),
        (
            "00000001 00000002 00070002 00000000 0000",
            WireError::Truncated,
        ),
        (
            "00000001 00000002 00070001 00000000 6001 0000",
            WireError::BadValue,
        ),
        (
            "00000001 00000002 00070001 00000000 f000 0000",
            WireError::BadValue,
        ),
    ] {
        assert_eq!(Feedback::parse(&hex(body)).err(), Some(error), "{body}");
    }
    let empty = hex("00000001 00000002 00070000 00000000");
    assert_eq!(Feedback::parse(&empty).unwrap().statuses().count(), 0);
}
