BEGIN TRANSACTION;
CREATE TABLE crops (
            id INTEGER PRIMARY KEY,
            screenshot_id INTEGER NOT NULL REFERENCES screenshots ON DELETE CASCADE,
            label TEXT NOT NULL,
            number INTEGER NOT NULL,
            file TEXT NOT NULL UNIQUE,
            hash TEXT NOT NULL,
            x_min INTEGER NOT NULL,
            y_min INTEGER NOT NULL,
            x_max INTEGER NOT NULL,
            y_max INTEGER NOT NULL, attributes TEXT NOT NULL DEFAULT '{}',
            UNIQUE (label, number)
        ) STRICT;
INSERT INTO "crops" VALUES(1,2,'apple',0,'apple_0000.png','6e593f1797cd65a1a45acfd7966628e636ab94303ecce27180e8f09fd20e6cd7',2,3,18,23,'{}');
INSERT INTO "crops" VALUES(2,2,'pear',0,'pear_0000.png','31b928ac99abc83fa50de9ea150fa96103d377073d891a98033f56849fc3b06d',32,8,54,33,'{}');
INSERT INTO "crops" VALUES(3,3,'stone',0,'stone_0000.png','159219c38810209ac1f88f38bdcc186b55f8748dab7de580f3a418ff0bf8d51f',4,5,20,25,'{}');
INSERT INTO "crops" VALUES(4,3,'apple',1,'apple_0001.png','6e814bb8873c01c9166e1b44213e9f43a834ef0d1ec963b4d26b168638018a63',34,10,56,35,'{}');
INSERT INTO "crops" VALUES(5,4,'pear',1,'pear_0001.png','68e73b912b6395910ff16be98313c745332c365d22d0105ca29f97d1db09e42b',6,7,22,27,'{}');
INSERT INTO "crops" VALUES(6,4,'apple',2,'apple_0002.png','6e814bb8873c01c9166e1b44213e9f43a834ef0d1ec963b4d26b168638018a63',36,12,58,37,'{}');
INSERT INTO "crops" VALUES(7,5,'apple',3,'apple_0003.png','6e593f1797cd65a1a45acfd7966628e636ab94303ecce27180e8f09fd20e6cd7',3,9,19,29,'{}');
INSERT INTO "crops" VALUES(8,5,'pear',2,'pear_0002.png','31b928ac99abc83fa50de9ea150fa96103d377073d891a98033f56849fc3b06d',33,14,55,39,'{}');
INSERT INTO "crops" VALUES(9,6,'stone',1,'stone_0001.png','159219c38810209ac1f88f38bdcc186b55f8748dab7de580f3a418ff0bf8d51f',5,4,21,24,'{}');
INSERT INTO "crops" VALUES(10,6,'apple',4,'apple_0004.png','6e814bb8873c01c9166e1b44213e9f43a834ef0d1ec963b4d26b168638018a63',35,9,57,34,'{}');
INSERT INTO "crops" VALUES(11,7,'pear',3,'pear_0003.png','68e73b912b6395910ff16be98313c745332c365d22d0105ca29f97d1db09e42b',2,6,18,26,'{}');
INSERT INTO "crops" VALUES(12,7,'apple',5,'apple_0005.png','6e814bb8873c01c9166e1b44213e9f43a834ef0d1ec963b4d26b168638018a63',32,11,54,36,'{}');
INSERT INTO "crops" VALUES(13,8,'pear',4,'pear_0004.png','68e73b912b6395910ff16be98313c745332c365d22d0105ca29f97d1db09e42b',3,4,19,24,'{}');
INSERT INTO "crops" VALUES(14,8,'stone',2,'stone_0002.png','77f297353feaf0c38f8de4d832e9cd1b7e9af10b5f4342cb3dcb9c6391618ded',33,9,55,34,'{}');
INSERT INTO "crops" VALUES(15,9,'apple',6,'apple_0006.png','6e593f1797cd65a1a45acfd7966628e636ab94303ecce27180e8f09fd20e6cd7',5,6,21,26,'{}');
INSERT INTO "crops" VALUES(16,9,'stone',3,'stone_0003.png','77f297353feaf0c38f8de4d832e9cd1b7e9af10b5f4342cb3dcb9c6391618ded',35,11,57,36,'{}');
INSERT INTO "crops" VALUES(17,10,'stone',4,'stone_0004.png','159219c38810209ac1f88f38bdcc186b55f8748dab7de580f3a418ff0bf8d51f',2,8,18,28,'{}');
INSERT INTO "crops" VALUES(18,10,'pear',5,'pear_0005.png','31b928ac99abc83fa50de9ea150fa96103d377073d891a98033f56849fc3b06d',32,13,54,38,'{}');
INSERT INTO "crops" VALUES(19,11,'pear',6,'pear_0006.png','68e73b912b6395910ff16be98313c745332c365d22d0105ca29f97d1db09e42b',4,3,20,23,'{}');
INSERT INTO "crops" VALUES(20,11,'stone',5,'stone_0005.png','77f297353feaf0c38f8de4d832e9cd1b7e9af10b5f4342cb3dcb9c6391618ded',34,8,56,33,'{}');
INSERT INTO "crops" VALUES(21,12,'apple',7,'apple_0007.png','6e593f1797cd65a1a45acfd7966628e636ab94303ecce27180e8f09fd20e6cd7',6,5,22,25,'{}');
INSERT INTO "crops" VALUES(22,12,'stone',6,'stone_0006.png','77f297353feaf0c38f8de4d832e9cd1b7e9af10b5f4342cb3dcb9c6391618ded',36,10,58,35,'{}');
INSERT INTO "crops" VALUES(23,13,'stone',7,'stone_0007.png','159219c38810209ac1f88f38bdcc186b55f8748dab7de580f3a418ff0bf8d51f',3,7,19,27,'{}');
INSERT INTO "crops" VALUES(24,13,'pear',7,'pear_0007.png','31b928ac99abc83fa50de9ea150fa96103d377073d891a98033f56849fc3b06d',33,12,55,37,'{}');
CREATE TABLE extractions (
            id INTEGER PRIMARY KEY,
            counts TEXT NOT NULL,
            findings TEXT NOT NULL
        ) STRICT;
INSERT INTO "extractions" VALUES(1,'{"pictures_read": 13, "pictures_kept": 13, "pictures_skipped": 0, "pictures_unchanged": 0, "objects_read": 24, "objects_kept": 24, "objects_skipped": 0, "crops_new": 24, "crops_removed": 0}','[]');
CREATE TABLE label_numbers (
            label TEXT PRIMARY KEY,
            last INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
INSERT INTO "label_numbers" VALUES('',-1);
INSERT INTO "label_numbers" VALUES('apple',7);
INSERT INTO "label_numbers" VALUES('pear',7);
INSERT INTO "label_numbers" VALUES('stone',7);
CREATE TABLE migrations (name TEXT PRIMARY KEY) STRICT;
INSERT INTO "migrations" VALUES('0001_screenshots_crops_splits');
INSERT INTO "migrations" VALUES('0002_crop_attributes');
CREATE TABLE screenshots (
            id INTEGER PRIMARY KEY,
            source TEXT NOT NULL,
            name TEXT NOT NULL,
            context TEXT NOT NULL,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            picture_hash TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            UNIQUE (source, name)
        ) STRICT;
INSERT INTO "screenshots" VALUES(1,'screenshots','garden/empty.png','garden',64,48,'68a914540f37a7bd695d8950ba8ead2cbf1f2b48887c28f6ef6af1deb7dfdb31','00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000f5ce3edbcfb8b639');
INSERT INTO "screenshots" VALUES(2,'screenshots','garden/shot_00.png','garden',64,48,'2232a97accef17b3ee90340483dab020c70b711edb3d003c5b4c994b4673eb6c','000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000004872b5afbcec6ca2');
INSERT INTO "screenshots" VALUES(3,'screenshots','garden/shot_02.png','garden',64,48,'00610afe96d4ef2c15b3397d6d42afa06904bce196ef3a3cf0b2d835a1878577','00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000bdaffd0f2ea87417');
INSERT INTO "screenshots" VALUES(4,'screenshots','garden/shot_04.png','garden',64,48,'3daaec6cdc41e007e69564cf97188f0c1a4a44cc95da6e01d7950f99c88647bf','00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000bfc45ebe75435d22');
INSERT INTO "screenshots" VALUES(5,'screenshots','garden/shot_06.png','garden',64,48,'74452d4e64e1c4dcdbae37b9955368302501b4d75e510b53c06c730ed68a99f2','0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000059b7497aa65334da');
INSERT INTO "screenshots" VALUES(6,'screenshots','garden/shot_08.png','garden',64,48,'7338f3d3ee7c795ca6ff6a78c183b137ec2bd65a080a74fd2fc4d859d7b2b0f2','00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000e82f4d785d7d6cfb');
INSERT INTO "screenshots" VALUES(7,'screenshots','garden/shot_10.png','garden',64,48,'1069995ab326a2a24b45be1c8cb29660c9bd25130e35bdcf24499b4d6bde46bd','0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000066d4d7a3bff39593');
INSERT INTO "screenshots" VALUES(8,'screenshots','house/shot_01.png','house',64,48,'4a9f79f697704a980a654e6744727f53eb774c533ace8d9f78fb3ff08882e59c','00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000d3a892c4160154e6');
INSERT INTO "screenshots" VALUES(9,'screenshots','house/shot_03.png','house',64,48,'7a48f12ed77140c58beda1b209e9bbec3097b072d2a31ca0e2d632856ce702ca','000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000007d9d960ba1820cea');
INSERT INTO "screenshots" VALUES(10,'screenshots','house/shot_05.png','house',64,48,'e75bbce7b6f65c43de97ce102b82bac2a288bfb1b5efea7fd33033419bf128ec','0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000008667dace674ff28');
INSERT INTO "screenshots" VALUES(11,'screenshots','house/shot_07.png','house',64,48,'28c00277b2d09e7fc19e7d597e64464bf137349e2eba0eb08c609299efd2c73f','000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000005b6405b0e84ee3ef');
INSERT INTO "screenshots" VALUES(12,'screenshots','house/shot_09.png','house',64,48,'3a4fc39992a57e86969a9701c904d0cdf5665f423164ec6de3690336d0210a08','00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000a7a1753fd7192a33');
INSERT INTO "screenshots" VALUES(13,'screenshots','house/shot_11.png','house',64,48,'5111270422d3597453bf53f69e265836220e02420f75893cdc47b160a481d0b0','0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000087a36fa29a6882f1');
CREATE TABLE split_crops (
            split_id INTEGER NOT NULL REFERENCES splits ON DELETE CASCADE,
            crop_id INTEGER NOT NULL REFERENCES crops ON DELETE CASCADE,
            part TEXT NOT NULL CHECK (part IN ('train', 'validate', 'test')),
            PRIMARY KEY (split_id, crop_id)
        ) STRICT, WITHOUT ROWID;
INSERT INTO "split_crops" VALUES(1,1,'train');
INSERT INTO "split_crops" VALUES(1,2,'train');
INSERT INTO "split_crops" VALUES(1,3,'validate');
INSERT INTO "split_crops" VALUES(1,4,'validate');
INSERT INTO "split_crops" VALUES(1,5,'train');
INSERT INTO "split_crops" VALUES(1,6,'train');
INSERT INTO "split_crops" VALUES(1,7,'validate');
INSERT INTO "split_crops" VALUES(1,8,'validate');
INSERT INTO "split_crops" VALUES(1,9,'train');
INSERT INTO "split_crops" VALUES(1,10,'train');
INSERT INTO "split_crops" VALUES(1,11,'train');
INSERT INTO "split_crops" VALUES(1,12,'train');
INSERT INTO "split_crops" VALUES(1,13,'train');
INSERT INTO "split_crops" VALUES(1,14,'train');
INSERT INTO "split_crops" VALUES(1,15,'train');
INSERT INTO "split_crops" VALUES(1,16,'train');
INSERT INTO "split_crops" VALUES(1,17,'test');
INSERT INTO "split_crops" VALUES(1,18,'test');
INSERT INTO "split_crops" VALUES(1,19,'train');
INSERT INTO "split_crops" VALUES(1,20,'train');
INSERT INTO "split_crops" VALUES(1,21,'test');
INSERT INTO "split_crops" VALUES(1,22,'test');
INSERT INTO "split_crops" VALUES(1,23,'validate');
INSERT INTO "split_crops" VALUES(1,24,'validate');
INSERT INTO "split_crops" VALUES(2,1,'train');
INSERT INTO "split_crops" VALUES(2,2,'train');
INSERT INTO "split_crops" VALUES(2,3,'validate');
INSERT INTO "split_crops" VALUES(2,4,'validate');
INSERT INTO "split_crops" VALUES(2,5,'test');
INSERT INTO "split_crops" VALUES(2,6,'test');
INSERT INTO "split_crops" VALUES(2,7,'train');
INSERT INTO "split_crops" VALUES(2,8,'train');
INSERT INTO "split_crops" VALUES(2,9,'train');
INSERT INTO "split_crops" VALUES(2,10,'train');
INSERT INTO "split_crops" VALUES(2,11,'validate');
INSERT INTO "split_crops" VALUES(2,12,'validate');
INSERT INTO "split_crops" VALUES(2,13,'validate');
INSERT INTO "split_crops" VALUES(2,14,'validate');
INSERT INTO "split_crops" VALUES(2,15,'test');
INSERT INTO "split_crops" VALUES(2,16,'test');
INSERT INTO "split_crops" VALUES(2,17,'train');
INSERT INTO "split_crops" VALUES(2,18,'train');
INSERT INTO "split_crops" VALUES(2,19,'test');
INSERT INTO "split_crops" VALUES(2,20,'test');
INSERT INTO "split_crops" VALUES(2,21,'train');
INSERT INTO "split_crops" VALUES(2,22,'train');
INSERT INTO "split_crops" VALUES(2,23,'train');
INSERT INTO "split_crops" VALUES(2,24,'train');
INSERT INTO "split_crops" VALUES(3,1,'test');
INSERT INTO "split_crops" VALUES(3,2,'train');
INSERT INTO "split_crops" VALUES(3,3,'validate');
INSERT INTO "split_crops" VALUES(3,4,'train');
INSERT INTO "split_crops" VALUES(3,5,'train');
INSERT INTO "split_crops" VALUES(3,6,'train');
INSERT INTO "split_crops" VALUES(3,7,'validate');
INSERT INTO "split_crops" VALUES(3,8,'train');
INSERT INTO "split_crops" VALUES(3,9,'train');
INSERT INTO "split_crops" VALUES(3,10,'train');
INSERT INTO "split_crops" VALUES(3,11,'train');
INSERT INTO "split_crops" VALUES(3,12,'train');
INSERT INTO "split_crops" VALUES(3,13,'test');
INSERT INTO "split_crops" VALUES(3,14,'test');
INSERT INTO "split_crops" VALUES(3,15,'validate');
INSERT INTO "split_crops" VALUES(3,16,'train');
INSERT INTO "split_crops" VALUES(3,17,'train');
INSERT INTO "split_crops" VALUES(3,18,'test');
INSERT INTO "split_crops" VALUES(3,19,'validate');
INSERT INTO "split_crops" VALUES(3,20,'train');
INSERT INTO "split_crops" VALUES(3,21,'train');
INSERT INTO "split_crops" VALUES(3,22,'validate');
INSERT INTO "split_crops" VALUES(3,23,'train');
INSERT INTO "split_crops" VALUES(3,24,'train');
CREATE TABLE splits (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            ratios TEXT NOT NULL,
            seed INTEGER NOT NULL,
            grouped INTEGER NOT NULL
        ) STRICT;
INSERT INTO "splits" VALUES(1,'default','60/20/20',0,1);
INSERT INTO "splits" VALUES(2,'second','50/25/25',7,1);
INSERT INTO "splits" VALUES(3,'naive','60/20/20',0,0);
CREATE INDEX crops_by_screenshot ON crops (screenshot_id);
COMMIT;
