"""Key-value buckets, and leases in them."""

from salon_kit.buckets.bucket import Bucket, Change, Entry, Watch, change_kind
from salon_kit.buckets.expiry import Expired
from salon_kit.buckets.lease import LeaseBucket

__all__ = ["Bucket", "Change", "Entry", "Expired", "LeaseBucket", "Watch", "change_kind"]
