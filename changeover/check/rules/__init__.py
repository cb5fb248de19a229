"""The rules, one a file, in the order in which the reference shows them."""

from __future__ import annotations

from changeover.check.rule import Rule
from changeover.check.rules.assigned_match import AssignedMatch
from changeover.check.rules.assigned_without_counter import AssignedWithoutCounter
from changeover.check.rules.case_insensitive_unique import CaseInsensitiveUnique
from changeover.check.rules.characters_lost import CharactersLost
from changeover.check.rules.condition_not_boolean import ConditionNotBoolean
from changeover.check.rules.constant_key import ConstantKey
from changeover.check.rules.constant_misfit import ConstantMisfit
from changeover.check.rules.counter_headroom import CounterHeadroom
from changeover.check.rules.database_encoding import DatabaseEncoding
from changeover.check.rules.declaration import Declaration
from changeover.check.rules.default_column_unmapped import DefaultColumnUnmapped
from changeover.check.rules.exclusive_but_shared import ExclusiveButShared
from changeover.check.rules.foreign_key_without_lookup import ForeignKeyWithoutLookup
from changeover.check.rules.generated_column import GeneratedColumn
from changeover.check.rules.ids_collide import IdsCollide
from changeover.check.rules.ids_mixed import IdsMixed
from changeover.check.rules.ids_rule import IdsRule
from changeover.check.rules.image_misfit import ImageMisfit
from changeover.check.rules.image_sets_differ import ImageSetsDiffer
from changeover.check.rules.inexact_number import InexactNumber
from changeover.check.rules.join_multiplies_rows import JoinMultipliesRows
from changeover.check.rules.key_made_twice import KeyMadeTwice
from changeover.check.rules.key_not_unique import KeyNotUnique
from changeover.check.rules.key_of_heirs import KeyOfHeirs
from changeover.check.rules.key_prefix import KeyPrefix
from changeover.check.rules.key_stored_otherwise import KeyStoredOtherwise
from changeover.check.rules.key_too_long import KeyTooLong
from changeover.check.rules.key_type import KeyType
from changeover.check.rules.key_without_index import KeyWithoutIndex
from changeover.check.rules.ledger_absent import LedgerAbsent
from changeover.check.rules.ledger_unusable import LedgerUnusable
from changeover.check.rules.lookup_key import LookupKey
from changeover.check.rules.lookup_mapping import LookupMapping
from changeover.check.rules.lookup_not_unique import LookupNotUnique
from changeover.check.rules.lookup_other_parent import LookupOtherParent
from changeover.check.rules.lookup_parent_table import LookupParentTable
from changeover.check.rules.lookup_result import LookupResult
from changeover.check.rules.lookup_type import LookupType
from changeover.check.rules.mapping_refused import MappingRefused
from changeover.check.rules.match_differs import MatchDiffers
from changeover.check.rules.merge_without_match import MergeWithoutMatch
from changeover.check.rules.missing_privilege import MissingPrivilege
from changeover.check.rules.needless_narrow import NeedlessNarrow
from changeover.check.rules.new_database_read_only import NewDatabaseReadOnly
from changeover.check.rules.no_connection import NoConnection
from changeover.check.rules.no_usable_key import NoUsableKey
from changeover.check.rules.null_in_key import NullInKey
from changeover.check.rules.nullable_column_unmapped import NullableColumnUnmapped
from changeover.check.rules.nullable_into_not_null import NullableIntoNotNull
from changeover.check.rules.offset_headroom import OffsetHeadroom
from changeover.check.rules.offset_overflow import OffsetOverflow
from changeover.check.rules.packet_too_small import PacketTooSmall
from changeover.check.rules.priority_tie import PriorityTie
from changeover.check.rules.python_arguments import PythonArguments
from changeover.check.rules.required_column_unmapped import RequiredColumnUnmapped
from changeover.check.rules.select_fails import SelectFails
from changeover.check.rules.split_keys_differ import SplitKeysDiffer
from changeover.check.rules.stray_old_table import StrayOldTable
from changeover.check.rules.subquery_many_rows import SubqueryManyRows
from changeover.check.rules.target_not_transactional import TargetNotTransactional
from changeover.check.rules.target_without_primary_key import TargetWithoutPrimaryKey
from changeover.check.rules.type_narrows import TypeNarrows
from changeover.check.rules.type_refused import TypeRefused
from changeover.check.rules.unknown_old_column import UnknownOldColumn
from changeover.check.rules.unknown_old_table import UnknownOldTable
from changeover.check.rules.unknown_target_column import UnknownTargetColumn
from changeover.check.rules.unknown_target_table import UnknownTargetTable
from changeover.check.rules.unknown_zone import UnknownZone
from changeover.check.rules.unstable_value import UnstableValue
from changeover.check.rules.unsupported_type import UnsupportedType
from changeover.check.rules.value_map_codes import ValueMapCodes
from changeover.check.rules.value_map_misfit import ValueMapMisfit

GROUPS: dict[str, tuple[type[Rule], ...]] = {
    "Old tables and expressions": (
        NoConnection,
        UnknownOldTable,
        UnknownOldColumn,
        StrayOldTable,
        JoinMultipliesRows,
        SubqueryManyRows,
        UnknownZone,
        ConditionNotBoolean,
        UnstableValue,
        SelectFails,
    ),
    "The root's key": (
        NoUsableKey,
        KeyNotUnique,
        KeyOfHeirs,
        KeyWithoutIndex,
        KeyType,
        KeyPrefix,
        KeyTooLong,
        NullInKey,
        KeyStoredOtherwise,
        SplitKeysDiffer,
    ),
    "Target tables and columns": (
        UnknownTargetTable,
        UnknownTargetColumn,
        TargetWithoutPrimaryKey,
        TargetNotTransactional,
        GeneratedColumn,
        RequiredColumnUnmapped,
        NullableColumnUnmapped,
        DefaultColumnUnmapped,
    ),
    "Ids": (
        IdsRule,
        KeyMadeTwice,
        ConstantKey,
        CounterHeadroom,
        AssignedWithoutCounter,
        AssignedMatch,
    ),
    "Merges": (
        IdsCollide,
        IdsMixed,
        OffsetHeadroom,
        OffsetOverflow,
        MatchDiffers,
        MergeWithoutMatch,
        PriorityTie,
        ExclusiveButShared,
    ),
    "Types": (
        UnsupportedType,
        TypeNarrows,
        TypeRefused,
        InexactNumber,
        NeedlessNarrow,
        NullableIntoNotNull,
        CharactersLost,
        CaseInsensitiveUnique,
    ),
    "Declared values and functions": (
        ConstantMisfit,
        ValueMapMisfit,
        ValueMapCodes,
        PythonArguments,
    ),
    "Images": (ImageMisfit, ImageSetsDiffer),
    "Foreign keys and lookups": (
        ForeignKeyWithoutLookup,
        LookupParentTable,
        LookupMapping,
        LookupKey,
        LookupNotUnique,
        LookupType,
        LookupResult,
        LookupOtherParent,
    ),
    "Databases": (
        MissingPrivilege,
        NewDatabaseReadOnly,
        PacketTooSmall,
        DatabaseEncoding,
        LedgerAbsent,
        LedgerUnusable,
    ),
    "Everything else": (
        Declaration,
        MappingRefused,
    ),
}

RULES: tuple[type[Rule], ...] = tuple(rule for group in GROUPS.values() for rule in group)
"""All rules."""
