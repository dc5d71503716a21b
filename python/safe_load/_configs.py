"""Config containers of known packages: where the objects of each class keep what they hold. Plain names, no code."""

from __future__ import annotations

# Subclasses of dict: pickle adds their items one by one.
DICTS = frozenset(
    {
        "addict.addict.Dict",
        "box.box.Box",
        "detectron2.config.config.CfgNode",
        "easydict.EasyDict",
        "fvcore.common.config.CfgNode",
        "lightning.fabric.utilities.data.AttributeDict",
        "lightning_fabric.utilities.data.AttributeDict",
        "mmcv.utils.config.ConfigDict",
        "pytorch_lightning.utilities.parsing.AttributeDict",
        "yacs.config.CfgNode",
    }
)

# Subclasses of dict that are made from a dict.
DICTS_FROM_ARGUMENT = frozenset({"mmengine.config.config.ConfigDict"})

# Containers that keep a dict or a list in this attribute. omegaconf may keep None or a text there instead.
CONTENT = {
    "box.box_list.BoxList": "items",
    "ml_collections.config_dict.config_dict.ConfigDict": "_fields",
    "ml_collections.config_dict.config_dict.FrozenConfigDict": "_fields",
    "omegaconf.dictconfig.DictConfig": "_content",
    "omegaconf.listconfig.ListConfig": "_content",
}

# Nodes that stand for the value in this attribute.
VALUE = {
    "ml_collections.config_dict.config_dict.FieldReference": "_value",
    "omegaconf.base.UnionNode": "_content",
    "omegaconf.nodes.AnyNode": "_val",
    "omegaconf.nodes.BooleanNode": "_val",
    "omegaconf.nodes.BytesNode": "_val",
    "omegaconf.nodes.EnumNode": "_val",
    "omegaconf.nodes.FloatNode": "_val",
    "omegaconf.nodes.IntegerNode": "_val",
    "omegaconf.nodes.InterpolationResultNode": "_val",
    "omegaconf.nodes.PathNode": "_val",
    "omegaconf.nodes.StringNode": "_val",
}

# What containers say about themselves; no part of their value.
ASIDE = frozenset({"omegaconf.base.ContainerMetadata", "omegaconf.base.Metadata"})

CONTAINERS = DICTS | DICTS_FROM_ARGUMENT | CONTENT.keys()
KNOWN = CONTAINERS | VALUE.keys() | ASIDE

__all__ = ["ASIDE", "CONTAINERS", "CONTENT", "DICTS", "DICTS_FROM_ARGUMENT", "KNOWN", "VALUE"]
