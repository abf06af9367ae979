"""The base of every section of the config file."""

import msgspec


class ConfigStruct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all config sections: an unknown key is an error."""
