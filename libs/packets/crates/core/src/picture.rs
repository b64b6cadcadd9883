//! VP8 picture ids of a viewer's stream, continuous over pauses and source changes (RFC 7741 section 4.2).
//!
//! Without this, one in six viewers of a switched stream saw frozen video: libwebrtc takes a jump of the
//! picture id for missing reference frames.

use crate::wire::vp8::Descriptor;

const PICTURE_ID_MASK: u16 = 0x7fff;

/// Offsets from the source's PictureID and TL0PICIDX to the viewer's.
#[derive(Debug, Default)]
pub(crate) struct PictureMap {
    picture_offset: u16,
    tl0_offset: u8,
    last_picture: u16,
    last_tl0: u8,
    is_started: bool,
}

impl PictureMap {
    /// Makes the frame this descriptor belongs to the successor of the last one out.
    pub(crate) fn restart(&mut self, first: &Descriptor) {
        if let Some(id) = first.picture_id {
            if self.is_started {
                self.picture_offset =
                    self.last_picture.wrapping_add(1).wrapping_sub(id.value) & PICTURE_ID_MASK;
            } else {
                self.last_picture = id.value;
            }
        }
        if let Some(tl0) = first.tl0_pic_idx {
            if self.is_started {
                self.tl0_offset = self.last_tl0.wrapping_add(1).wrapping_sub(tl0);
            } else {
                self.last_tl0 = tl0;
            }
        }
        self.is_started = true;
    }

    /// What this packet's descriptor says to the viewer: (PictureID, TL0PICIDX).
    #[inline]
    pub(crate) fn map(&mut self, descriptor: &Descriptor) -> (u16, u8) {
        let (mut picture, mut tl0) = (0, 0);
        if let Some(id) = descriptor.picture_id {
            picture = id.value.wrapping_add(self.picture_offset) & PICTURE_ID_MASK;
            let ahead = picture.wrapping_sub(self.last_picture) & PICTURE_ID_MASK;
            if ahead < 0x4000 || !id.is_long {
                self.last_picture = picture;
            }
        }
        if let Some(value) = descriptor.tl0_pic_idx {
            tl0 = value.wrapping_add(self.tl0_offset);
            if tl0.wrapping_sub(self.last_tl0) < 0x80 {
                self.last_tl0 = tl0;
            }
        }
        (picture, tl0)
    }
}

#[cfg(test)]
mod tests {
    use super::PictureMap;
    use crate::wire::vp8::{Descriptor, PictureId};

    fn descriptor(value: u16, is_long: bool, tl0: u8) -> Descriptor {
        Descriptor {
            is_non_reference: false,
            is_partition_start: true,
            partition: 0,
            picture_id: Some(PictureId { value, is_long }),
            tl0_pic_idx: Some(tl0),
            temporal_layer: None,
            key_idx: None,
            bytes: 5,
        }
    }

    #[test]
    fn ids_pass_unchanged_until_a_restart_and_go_on_by_one_after_it() {
        let mut map = PictureMap::default();
        map.restart(&descriptor(32_766, true, 254));
        assert_eq!(map.map(&descriptor(32_766, true, 254)), (32_766, 254));
        assert_eq!(map.map(&descriptor(32_767, true, 255)), (32_767, 255));
        map.restart(&descriptor(700, true, 9));
        assert_eq!(map.map(&descriptor(700, true, 9)), (0, 0));
        assert_eq!(
            map.map(&descriptor(699, true, 8)),
            (32_767, 255),
            "a late packet does not move the end"
        );
        map.restart(&descriptor(5, true, 5));
        assert_eq!(map.map(&descriptor(5, true, 5)), (1, 1));
    }

    #[test]
    fn seven_bit_ids_wrap_at_128() {
        let mut map = PictureMap::default();
        map.restart(&descriptor(126, false, 0));
        assert_eq!(map.map(&descriptor(127, false, 0)).0 & 0x7f, 127);
        assert_eq!(map.map(&descriptor(0, false, 0)).0 & 0x7f, 0);
        map.restart(&descriptor(90, false, 0));
        assert_eq!(map.map(&descriptor(90, false, 0)).0 & 0x7f, 1);
    }
}
