/* Salon browser SDK. Licence: Apache-2.0. */
(function(root,factory){if(typeof module==="object"&&module.exports)module.exports=factory();else if(typeof define==="function"&&define.amd)define([],factory);else{var api=factory();for(var name in api)root[name]=api[name]}})(typeof self!=="undefined"?self:this,function(){var module={exports:{}};
"use strict";var __defProp=Object.defineProperty;var __getOwnPropDesc=Object.getOwnPropertyDescriptor;var __getOwnPropNames=Object.getOwnPropertyNames;var __hasOwnProp=Object.prototype.hasOwnProperty;var __export=(target,all)=>{for(var name in all)__defProp(target,name,{get:all[name],enumerable:!0})},__copyProps=(to,from,except,desc)=>{if(from&&typeof from==
"object"||typeof from=="function")for(let key of __getOwnPropNames(from))!__hasOwnProp.call(to,key)&&key!==except&&__defProp(to,key,{get:()=>from[key],enumerable:!(desc=
__getOwnPropDesc(from,key))||desc.enumerable});return to};var __toCommonJS=mod=>__copyProps(__defProp({},"__esModule",{value:!0}),mod);var entry_umd_exports={};__export(entry_umd_exports,{WebRTCUtil:()=>WebRTCUtil,ZegoExpressEngine:()=>ZegoExpressEngine});module.exports=__toCommonJS(entry_umd_exports);var scriptUrl=null;function rememberScriptUrl(url){scriptUrl=url??null}function socketUrl(text,base){let url;try{url=new URL(text,base)}catch{return null}let protocol={
"http:":"ws:","https:":"wss:","ws:":"ws:","wss:":"wss:"}[url.protocol];if(protocol===void 0)return null;let path=url.pathname==="/"?"/ws":url.pathname;return`${protocol}\
//${url.host}${path}${url.search}`}function ownServer(pageUrl){return scriptUrl!==null&&/\/sdk\/ZegoExpressWebRTC\.m?js$/.test(scriptUrl.split(/[?#]/,1)[0]??"")?
socketUrl("../ws",scriptUrl):pageUrl===void 0?null:socketUrl("/ws",pageUrl)}function socketUrls(server,pageUrl=typeof location>"u"?void 0:location.href){let given=(Array.
isArray(server)?server:[server]).filter(each=>typeof each=="string"&&each.trim()!==""),urls=given.map(each=>socketUrl(each.trim(),pageUrl));return given.length===
0&&urls.push(ownServer(pageUrl)),[...new Set(urls.filter(each=>each!==null))]}var Code={OK:0,NOT_IN_ROOM:1000002,STREAM_ID_TOO_LONG:1000014,STREAM_ID_EMPTY:1000015,STREAM_ID_ILLEGAL:1000016,NETWORK_BROKEN:1000017,NOT_SDK_STREAM:1000018,APP_ID_WRONG:1001004,
ROOM_ALREADY_LOGGED_IN:1002001,ROOM_NOT_LOGGED_IN:1002002,USER_ID_EMPTY:1002005,USER_ID_ILLEGAL:1002006,USER_ID_TOO_LONG:1002007,USER_NAME_TOO_LONG:1002010,ROOM_ID_EMPTY:1002011,
ROOM_ID_ILLEGAL:1002012,ROOM_ID_TOO_LONG:1002013,LOGIN_TIMEOUT:1002031,KICKED_BY_OTHER_LOGIN:1002050,ROOM_RETRY_TIMEOUT:1002053,KICKED_BY_BACKEND:1002055,DUPLICATE_LOGIN:1002056,
LOGGED_IN_ELSEWHERE:1002086,STREAM_NOT_FOUND:1004002,PLAY_INTERRUPTED:1004020,MESSAGE_EMPTY:1009001,MESSAGE_TOO_LONG:1009002,MESSAGE_WRONG_ROOM:1009005,EXTRA_INFO_TOO_LONG:1003051,
PARAMETER:1100001,REQUEST_TIMEOUT:1100002,SOCKET_CLOSED:1100003,UNKNOWN_SERVER_ERROR:1100999,NO_SERVER:1101002,MODULE_NOT_IMPORTED:1101003,LEASE_EXPIRED:1102001,
LOGIN_STATE:1102015,TOKEN_FORMAT:1102016,TOKEN_EXPIRED:1102018,CONNECT_FAILED:1102023,PUBLISH_PARAMETER:1103001,PUBLISH_MEDIA_CONNECT:1103003,SCREEN_FAILED:1103010,
ENUMERATE_FAILED:1103011,PUBLISH_OFFER:1103022,PUBLISH_ICE_FAILED:1103028,NOT_PUBLISHING:1103040,DEVICE_OUT:1103041,SCREEN_CANCELLED:1103042,SCREEN_UNSUPPORTED:1103043,
NOT_CREATED_HERE:1103044,AUDIO_TRACK_MISSING:1103045,VIDEO_TRACK_MISSING:1103046,TRACK_MISSING:1103047,PUBLISH_SOCKET_LOST:1103050,PUBLISH_RETRY_TIMEOUT:1103051,
HTTPS_NEEDED:1103053,ALREADY_PUBLISHING:1103056,CAPTURE_FAILED:1103061,CAPTURE_DENIED:1103064,DEVICE_BUSY:1103065,CONSTRAINTS_WRONG:1103066,BEAUTY_OVERLOAD:1103075,
PLAY_PARAMETER:1104001,PLAY_OFFER:1104022,PLAY_ICE_FAILED:1104028,PLAY_MEDIA_LOST:1104029,PLAY_RETRY_TIMEOUT:1104031,ALREADY_PLAYING:1104032,NOT_PLAYING:1104039,
MICROPHONE_ENDED:1106009,CAMERA_ENDED:1106010,MICROPHONE_HELD:1106011,CAMERA_HELD:1106012};var ZegoError=class extends Error{constructor(code,message,details={}){super(message),this.name="ZegoError",this.errorCode=code,this.code=code,this.msg=message,
this.extendedData=JSON.stringify({message,...details})}};function toZegoError(thrown,fallbackCode){return thrown instanceof ZegoError?thrown:new ZegoError(fallbackCode,
thrown instanceof Error?thrown.message:String(thrown))}var RequestFailed=class extends ZegoError{constructor(code,message,reason,retryable){super(code,message,{
reason});this.reason=reason;this.retryable=retryable}},PeerLost=class extends ZegoError{};var REJECT="reject",REJECT_BOOLEAN="rejectBoolean",REJECT_ANY="rejectAny",FALSE="false",ZERO="zero",PUBLISH_STATS="publishStats",PLAY_STATS="playStats",TIME_INFO="\
timeInfo",NOTHING="nothing",LOCAL_STREAM={startCaptureMicrophone:REJECT,startCaptureCamera:REJECT,startCaptureCameraAndMicrophone:REJECT,startCaptureCustomAudio:REJECT,
startCaptureCustomVideo:REJECT,startCaptureCustomVideoAndAudio:REJECT,startCaptureScreen:REJECT,startCaptureScreenWithAudio:REJECT,stopCaptureAudio:REJECT_BOOLEAN,
stopCaptureVideo:REJECT_BOOLEAN},ENGINE={setTurnServer:NOTHING,uploadLog:REJECT,callExperimentalAPI:REJECT_ANY,getNetworkTimeInfo:TIME_INFO,switchRoom:REJECT_BOOLEAN,
setRoomExtraInfo:REJECT,enableMultiRoom:FALSE,sendTransparentMessage:REJECT,addTrack:REJECT,removeTrack:REJECT,setVideoConfig:REJECT,setAudioConfig:REJECT,setCaptureVolume:REJECT,
enableVideoCaptureDevice:REJECT_BOOLEAN,checkVideoTrackIsActive:REJECT_BOOLEAN,checkAudioTrackIsActive:REJECT_BOOLEAN,getElectronScreenSources:REJECT_ANY,setDummyCaptureImagePath:REJECT_BOOLEAN,
createStreamCompositor:"streamCompositor",setCaptureAudioFrameCallback:REJECT,updatePublishingStream:REJECT,setStreamExtraInfo:REJECT,getPublishingStreamQuality:PUBLISH_STATS,
enableDualStream:NOTHING,setLowStreamParameter:NOTHING,addPublishCdnUrl:REJECT,removePublishCdnUrl:REJECT,enableHardwareEncoder:NOTHING,setStreamAlignmentProperty:REJECT_BOOLEAN,
setSEIConfig:NOTHING,sendSEI:FALSE,mutePlayStreamVideo:REJECT_BOOLEAN,mutePlayStreamAudio:REJECT_BOOLEAN,muteAllPlayAudioStreams:REJECT_BOOLEAN,muteAllPlayVideoStreams:REJECT_BOOLEAN,
getPlayingStreamQuality:PLAY_STATS,setPlayStreamVideoType:REJECT_BOOLEAN,setAudioFrameCallback:REJECT,enableAutoSwitchDevice:NOTHING,setSoundLevelDelegate:NOTHING,
setLowlightEnhancement:REJECT,initBackgroundModule:REJECT,setBackgroundBlurOptions:REJECT_BOOLEAN,setVirtualBackgroundOptions:REJECT_BOOLEAN,enableBackgroundProcess:REJECT,
setTransparentBackgroundOptions:REJECT_BOOLEAN,setVoiceChangerPreset:REJECT,setVoiceChangerParam:REJECT,setReverbPreset:REJECT,enableVirtualStereo:REJECT,enableLiveAudioEffect:REJECT,
setAudioChangerParam:REJECT,enableAiDenoise:REJECT,setAiDenoiseMode:REJECT,startMixingAudio:FALSE,stopMixingAudio:FALSE,setMixingAudioVolume:FALSE,createAudioEffectPlayer:"\
audioEffectPlayer",loadAudioEffect:REJECT,unloadAudioEffect:FALSE,startMixerTask:REJECT_ANY,stopMixerTask:REJECT,setMixerTaskConfig:REJECT,startAutoMixerTask:REJECT,
stopAutoMixerTask:REJECT,createRangeAudioInstance:"rangeAudio",createRealTimeSequentialDataManager:"dataManager",destroyRealTimeSequentialDataManager:NOTHING,createCopyrightedMusic:"\
copyrightedMusic",destroyCopyrightedMusic:NOTHING},AUDIO_EFFECT_PLAYER={start:NOTHING,stop:FALSE,pause:FALSE,resume:FALSE,setVolume:FALSE,getTotalDuration:ZERO,
getCurrentProgress:ZERO,seekTo:FALSE},RANGE_AUDIO={enableAiDenoise:FALSE,setAiDenoiseMode:FALSE,enableAudioSourceUpdateChecker:NOTHING,on:FALSE,off:FALSE,setAudioReceiveRange:NOTHING,
updateSelfPosition:NOTHING,updateAudioSource:NOTHING,enableSpatializer:NOTHING,enableMicrophone:NOTHING,selectMicrophone:REJECT_BOOLEAN,selectSpeaker:NOTHING,enableSpeaker:NOTHING,
setRangeAudioCustomMode:NOTHING,setRangeAudioMode:NOTHING,setTeamID:NOTHING,setPositionUpdateFrequency:NOTHING,setRangeAudioVolume:NOTHING,setVoiceChangerPreset:FALSE,
setVoiceChangerParam:FALSE,isAudioContextRunning:FALSE,resumeAudioContext:REJECT_BOOLEAN,setStreamVocalRange:NOTHING,updateStreamPosition:NOTHING,setCustomSourceVocalRange:NOTHING,
updateCustomSourcePosition:NOTHING},DATA_MANAGER={reset:NOTHING,startBroadcasting:REJECT_BOOLEAN,stopBroadcasting:FALSE,sendRealTimeSequentialData:FALSE,startSubscribing:REJECT_BOOLEAN,
stopSubscribing:FALSE,on:NOTHING,off:NOTHING},COPYRIGHTED_MUSIC={destroyInstance:NOTHING,initCopyrightedMusic:REJECT_ANY,sendExtendedRequest:REJECT_ANY,requestResource:REJECT_ANY,
getSharedResource:REJECT_ANY,getSharedResourceByToken:REJECT_ANY,getLrcLyric:REJECT_ANY,getKrcLyricByToken:REJECT_ANY,download:REJECT_ANY,clearCache:NOTHING,startScore:REJECT_ANY,
stopScore:ZERO,pauseScore:ZERO,resumeScore:ZERO,resetScore:ZERO,getPreviousScore:REJECT_ANY,getAverageScore:REJECT_ANY,getTotalScore:REJECT_ANY,getFullScore:REJECT_ANY,
getStandardPitch:REJECT_ANY,getCurrentPitch:REJECT_ANY,setScoringLevel:NOTHING,getDuration:ZERO,on:FALSE,off:FALSE},STREAM_COMPOSITOR={addImage:NOTHING,removeImage:NOTHING,
setInputEndpoint:REJECT_ANY,setOutputConfig:NOTHING,startComposingStream:REJECT_ANY,stopComposingStream:REJECT_BOOLEAN},OBJECTS={audioEffectPlayer:AUDIO_EFFECT_PLAYER,
rangeAudio:RANGE_AUDIO,dataManager:DATA_MANAGER,copyrightedMusic:COPYRIGHTED_MUSIC,streamCompositor:STREAM_COMPOSITOR},LISTS={engine:ENGINE,localStream:LOCAL_STREAM};var warned=new Set;function absent(name,failure){return(...args)=>{let error=new ZegoError(Code.MODULE_NOT_IMPORTED,`${name} is not available in this version.`);
switch(warned.has(name)||(warned.add(name),console.warn("[salon]","not-available",{name,err_code:error.errorCode})),failure){case FALSE:return!1;case ZERO:return 0;case NOTHING:
return;case PUBLISH_STATS:case PLAY_STATS:return null;case TIME_INFO:return{timestamp:0,maxDeviation:0};case REJECT:case REJECT_BOOLEAN:case REJECT_ANY:return Promise.
reject(error);default:return inert(failure,args[0])}}}function inert(kind,first){let made={};return addAll(made,OBJECTS[kind],`${kind}.`),kind==="dataManager"?Object.
assign(made,{roomID:typeof first=="string"?first:""}):made}function addAll(target,list2,prefix){for(let[name,failure]of Object.entries(list2))Object.defineProperty(
target,name,{value:absent(prefix+name,failure),writable:!0,configurable:!0})}function addNotYet(target,list2){addAll(target,LISTS[list2],"")}function notYetVoid(name){
return absent(name,NOTHING)}var CALLED=["startRecord","stopRecord","pauseRecord","resumeRecord","saveRecord","mixingBuffer","stopMixingBuffer","setTurnOverTcpOnly","setTurnOnly"];function modules(known){
return new Proxy(known,{get(target,name){return typeof name!="string"||name in target?Reflect.get(target,name):target[name]={}}})}var PART=/(?:Center|Handler|Manager|Service|Report|Delegate)$/,
PARTS=/Modules$/;function makeStateCenter(){return{isMultiRoom:!1,useNetAgent:!1,debug:!1,role:0,streamList:[],publishStreamList:{},listenerList:{}}}function makeInternals(engine){
let internals={stateCenter:makeStateCenter(),rtcModules:modules({streamCenter:{isPeer:!1,publisherList:{},playerList:{}}})};for(let name of CALLED)internals[name]=
notYetVoid(name);return new Proxy(internals,{get(own,name){if(name in own||typeof name!="string")return Reflect.get(own,name);if(name==="ac"&&typeof AudioContext==
"function")return own[name]=new AudioContext;if(PARTS.test(name))return own[name]=modules({});let value=Reflect.get(engine,name);return typeof value=="function"?
value.bind(engine):name==="logger"?value:PART.test(name)?own[name]={}:void 0}})}function mediaDevices(){return globalThis.navigator?.mediaDevices}var FIRST_FRAME_MS=5e3;async function narrowTo(stream,element){let track=stream.getVideoTracks()[0];try{if(track===void 0)throw new ZegoError(Code.SCREEN_FAILED,
"The tab gives no picture.");await restricted(track,element)||await crop(track,element)}catch(thrown){throw stream.getTracks().forEach(each=>each.stop()),toZegoError(
thrown,Code.SCREEN_FAILED)}}async function restricted(track,element){let target=globalThis.RestrictionTarget;return!track.restrictTo||!target?.fromElement||!isIsolated(
element)?!1:(await track.restrictTo(await target.fromElement(element)),await givesPicture(track)?!0:(await track.restrictTo(null),!1))}async function crop(track,element){
let target=globalThis.CropTarget;if(!track.cropTo||!target?.fromElement)throw new ZegoError(Code.SCREEN_UNSUPPORTED,"This browser cannot share a single element \
of this tab.");if(await track.cropTo(await target.fromElement(element)),!await givesPicture(track))throw new ZegoError(Code.SCREEN_FAILED,"The element gives no \
picture: it is empty, hidden or out of view.")}function isIsolated(element){let{isolation,transformStyle}=getComputedStyle(element);return isolation==="isolate"&&
transformStyle==="flat"}function givesPicture(track){let video=document.createElement("video");return video.muted=!0,new Promise(resolve=>{let done=seen=>{clearTimeout(
timer),video.onloadeddata=null,video.srcObject=null,resolve(seen)},timer=setTimeout(()=>done(!1),FIRST_FRAME_MS);video.onloadeddata=()=>done(!0),video.srcObject=
new MediaStream([track]),video.play().catch(()=>{})})}async function capture(plan){if(plan.source==="camera")return{tracks:await captureDevices(plan.constraints),owned:!0};if(plan.source==="screen")return{tracks:await captureScreen(
plan.constraints,plan.captureElement),owned:!0};let tracks=[],owned=!0,streams=new Map;for(let[source,kind]of[[plan.video,"video"],[plan.audio,"audio"]]){if(source===
null)continue;source instanceof MediaStream&&(owned=!1);let stream=streams.get(source)??customStream(source);streams.set(source,stream);let track=(kind==="video"?
stream.getVideoTracks():stream.getAudioTracks())[0];track!==void 0&&tracks.push(track)}if(tracks.length===0)throw new ZegoError(Code.TRACK_MISSING,"The custom s\
ource has no tracks.");return{tracks,owned}}function neededDevices(){let devices=mediaDevices();if(devices===void 0)throw new ZegoError(Code.HTTPS_NEEDED,"Captu\
re needs a page loaded over HTTPS.");return devices}async function captureDevices(constraints){if(constraints.video===!1&&constraints.audio===!1)return[];let devices=neededDevices();
try{return(await devices.getUserMedia(constraints)).getTracks()}catch(thrown){throw deviceError(thrown)}}function deviceError(thrown){if(thrown instanceof ZegoError)
return thrown;let{name="Error",message=""}=thrown,code={NotAllowedError:Code.CAPTURE_DENIED,SecurityError:Code.CAPTURE_DENIED,NotReadableError:Code.DEVICE_BUSY,
TrackStartError:Code.DEVICE_BUSY,OverconstrainedError:Code.CONSTRAINTS_WRONG,TypeError:Code.CONSTRAINTS_WRONG}[name]??Code.CAPTURE_FAILED;return new ZegoError(code,
`${name}: ${message}`,{name})}async function captureScreen(constraints,element){let devices=neededDevices();if(typeof devices.getDisplayMedia!="function")throw new ZegoError(
Code.SCREEN_UNSUPPORTED,"This browser cannot share its screen.");let stream;try{let here=element===null?{}:{preferCurrentTab:!0};stream=await devices.getDisplayMedia(
{...constraints,...here})}catch(thrown){let{name="Error",message=""}=thrown,cancelled=name==="NotAllowedError"||name==="AbortError";throw new ZegoError(cancelled?
Code.SCREEN_CANCELLED:Code.SCREEN_FAILED,`${name}: ${message}`,{name})}return element!==null&&await narrowTo(stream,element),stream.getTracks()}function customStream(source){
if(source instanceof MediaStream)return source;let element=source,stream=element.captureStream?.()??element.mozCaptureStream?.();if(stream===void 0)throw new ZegoError(
Code.CAPTURE_FAILED,"This element cannot be captured.");return stream}async function openInstead(kind,constraints,choice){let devices=mediaDevices();if(devices===void 0)throw new ZegoError(Code.HTTPS_NEEDED,"Capture needs a page l\
oaded over HTTPS.");let{deviceId:_deviceId,facingMode:_facingMode,...others}=constraints,opened;try{opened=await devices.getUserMedia({[kind]:{...others,...choice}})}catch(thrown){
throw deviceError(thrown)}let track=opened.getTracks().find(each=>each.kind===kind);if(track===void 0)throw new ZegoError(Code.CAPTURE_FAILED,"The device gives \
no track.");return track}var ALIASES=["default","communications"],DeviceWatch=class{constructor(changed){this.changed=changed;this.known=null;this.watched=null;this.queue=Promise.resolve();
this.onChange=()=>this.refresh(!0)}start(){let devices=mediaDevices();this.watched!==null||devices===void 0||(this.watched=devices,devices.addEventListener("dev\
icechange",this.onChange),this.refresh(!1))}stop(){this.watched?.removeEventListener("devicechange",this.onChange),this.watched=null,this.known=null}refresh(report){
let devices=this.watched;devices!==null&&(this.queue=this.queue.then(async()=>{let found;try{found=await devices.enumerateDevices()}catch{return}if(this.watched!==
devices)return;let before=this.known;this.known=found.filter(({deviceId})=>!ALIASES.includes(deviceId)),report&&before!==null&&this.report(before,this.known)}))}report(before,now){
let missing2=(from,one)=>!from.some(each=>each.kind===one.kind&&each.deviceId===one.deviceId),comparable=one=>![...before,...now].some(each=>each.kind===one.kind&&
each.deviceId==="");for(let one of before)comparable(one)&&missing2(now,one)&&this.changed("DELETE",one);for(let one of now)comparable(one)&&missing2(before,one)&&
this.changed("ADD",one)}};var GESTURES=["pointerup","keydown"],waiting=new Map;function resumeAll(){for(let type of GESTURES)document.removeEventListener(type,resumeAll,!0);let all=[...waiting.
values()];waiting.clear();for(let{note,start}of all)note?.remove(),start()}function playAfterGesture(element,container,start){if(!waiting.has(element)){if(waiting.
size===0)for(let type of GESTURES)document.addEventListener(type,resumeAll,!0);waiting.set(element,{note:container===null?null:showNote(container),start})}}function forgetGesture(element){
waiting.get(element)?.note?.remove(),waiting.delete(element)}function showNote(container){let note=document.createElement("div");return note.setAttribute("role",
"status"),note.textContent="Playback is paused by the browser. Click anywhere to start it.",Object.assign(note.style,{position:"absolute",left:"50%",bottom:"12p\
x",transform:"translateX(-50%)",maxWidth:"90%",padding:"8px 12px",borderRadius:"8px",background:"rgba(0, 0, 0, 0.75)",color:"#fff",font:"14px/1.4 system-ui, san\
s-serif",pointerEvents:"none",zIndex:"2"}),getComputedStyle(container).position==="static"&&(container.style.position="relative"),container.append(note),note}async function setSink(element,deviceID){if(!("setSinkId"in element))throw new Error("This browser cannot choose the speaker.");await element.setSinkId(deviceID)}
function findContainer(container){let place=typeof container=="string"?document.getElementById(container):container;return place instanceof HTMLElement?place:(console.
warn("[salon]","no-such-container",{container:typeof container=="string"?container:""}),null)}var occupants=new WeakMap,MediaPlayer=class _MediaPlayer{constructor(kind,stream,container,options,listener,dialog){
this.listener=listener;this.dialog=dialog;this.stopped=!1;this.place=container,this.borrowed=kind==="video"&&container instanceof HTMLVideoElement;let element=this.
borrowed?container:document.createElement(kind);if(this.element=element,this.container=this.borrowed?container?.parentElement??null:container,this.clearLastFrame=
options.clearLastFrame!==!1,element.autoplay=!0,element.muted=options.muted,element instanceof HTMLVideoElement){element.playsInline=!0;let size=this.borrowed?{}:
{width:"100%",height:"100%",display:"block"};Object.assign(element.style,{...size,objectFit:options.objectFit??"contain",transform:options.mirror===!0?"scaleX(-\
1)":""})}else element.style.display="none";element.srcObject=stream,this.borrowed||(container??document.body).append(element),this.start()}static video(stream,container,options,to){
occupants.get(container)?.giveWay(),container.querySelectorAll("video[data-salon-last-frame]").forEach(each=>each.remove());let dialog=options.enableAutoplayDialog!==
!1,player=new _MediaPlayer("video",stream,container,options,to,dialog);return occupants.set(container,player),player}static audio(stream,muted,dialog,to){return new _MediaPlayer(
"audio",stream,null,{muted},to,dialog)}resume(){this.start()}setStream(stream){this.element.srcObject!==stream&&(this.element.srcObject=stream,this.start())}setVolume(volume){
return volume>=0&&volume<=100?(this.element.volume=volume/100,!0):!1}stop(){this.stopped||(this.stopped=!0,this.place!==null&&occupants.get(this.place)===this&&
occupants.delete(this.place),forgetGesture(this.element),this.element.pause(),this.clearLastFrame||this.element instanceof HTMLAudioElement?(this.element.srcObject=
null,this.borrowed||this.element.remove()):this.borrowed||(this.element.dataset.salonLastFrame=""))}giveWay(){this.stop(),this.listener.displaced?.()}start(){this.
element.play().then(()=>this.listener.canPlay(),thrown=>{thrown.name==="NotAllowedError"&&(this.listener.autoplayFailed(this.element),this.dialog&&playAfterGesture(
this.element,this.container??document.body,()=>this.start()))})}};var DevicesApi=class{constructor(locals,events){this.locals=locals;this.events=events;this.watch=new DeviceWatch((type,device)=>this.deviceChanged(type,device))}handlerAdded(event){
(event==="videoDeviceStateChanged"||event==="audioDeviceStateChanged")&&this.watch.start()}async use(stream,kind,choice){let{local}=this.locals.trackOf(stream,kind);
if(local.source!=="camera")throw new ZegoError(Code.PARAMETER,"The stream is of no camera or microphone.");let constraints=local.constraints[kind],track=await openInstead(
kind,typeof constraints=="object"?constraints:{},choice),former;try{({former}=this.locals.trackOf(stream,kind))}catch(gone){throw track.stop(),gone}return this.
locals.replace(local,former,track,!0),local.close(former),{errorCode:Code.OK,extendedData:""}}async useOutput(media,deviceID){try{return await setSink(media,deviceID),
!0}catch(thrown){throw new ZegoError(Code.PARAMETER,thrown.message)}}muteMicrophone(mute){return this.locals.muteMicrophone(mute===!0),!0}get microphoneMuted(){
return this.locals.microphoneMuted}deviceChanged(type,{kind,deviceId,label}){let device={deviceName:label,deviceID:deviceId};kind==="videoinput"?this.events.emit(
"videoDeviceStateChanged",type,device):this.events.emit("audioDeviceStateChanged",type,kind==="audioinput"?"Input":"Output",device)}};var DEFAULT_INTENSITY=50,MAX_INTENSITY=100;function toStreamEffects(enable,options){if(typeof enable!="boolean")throw new ZegoError(Code.PARAMETER,"Whether beau\
ty is on is not a boolean.");if(!enable)return{enabled:!1};let given=options??{};if(typeof given!="object")throw new ZegoError(Code.PARAMETER,"The beauty option\
s are not an object.");let intensity=name=>{let value=given[name]??DEFAULT_INTENSITY;if(typeof value=="number"&&value>=0&&value<=MAX_INTENSITY)return value;throw new ZegoError(
Code.PARAMETER,`${name} is not a number from 0 to 100.`)};return{enabled:!0,smoothIntensity:intensity("smoothIntensity"),whitenIntensity:intensity("whitenIntens\
ity"),rosyIntensity:intensity("rosyIntensity"),sharpenIntensity:intensity("sharpenIntensity")}}function toStrengths(effects){if(effects?.enabled!==!0)return null;
let{smoothIntensity=0,whitenIntensity=0,rosyIntensity=0,sharpenIntensity=0}=effects;return smoothIntensity+whitenIntensity+rosyIntensity+sharpenIntensity===0?null:
{smooth:smoothIntensity,whiten:whitenIntensity,rosy:rosyIntensity,sharpen:sharpenIntensity}}var EffectsApi=class{constructor(locals){this.locals=locals}async setBeauty(stream,enable,options){let{local}=this.locals.trackOf(stream,"video");return local.beauty.
set(toStreamEffects(enable,options))}};var USER_ID_MARKS="~!@#$^&*()_+=-;'’,.`",ROOM_ID_MARKS=`${USER_ID_MARKS}<>/`,LETTER_OR_DIGIT=/^[0-9A-Za-z]$/,encoder=new TextEncoder;function byteLength(text){
return encoder.encode(text).length}function check(value,rule){if(typeof value!="string"||value==="")return new ZegoError(rule.empty,`The ${rule.noun} is empty.`);
if(byteLength(value)>rule.maxBytes)return new ZegoError(rule.tooLong,`The ${rule.noun} is longer than ${rule.maxBytes} bytes.`);let strange=[...value].find(each=>!LETTER_OR_DIGIT.
test(each)&&!rule.marks.includes(each));if(strange===void 0)return null;let allowed=`letters A to Z and a to z, digits, and ${[...rule.marks].join(" ")}`;return new ZegoError(
rule.illegal,`The ${rule.noun} has the character ${JSON.stringify(strange)}; allowed are ${allowed}.`)}function checkRoomId(roomID){return check(roomID,{noun:"r\
oomID",marks:ROOM_ID_MARKS,maxBytes:128,empty:Code.ROOM_ID_EMPTY,tooLong:Code.ROOM_ID_TOO_LONG,illegal:Code.ROOM_ID_ILLEGAL})}function checkUserId(userID){return check(
userID,{noun:"userID",marks:USER_ID_MARKS,maxBytes:64,empty:Code.USER_ID_EMPTY,tooLong:Code.USER_ID_TOO_LONG,illegal:Code.USER_ID_ILLEGAL})}function checkUserName(userName){
return userName==null?null:typeof userName!="string"?new ZegoError(Code.PARAMETER,"The userName is not a string."):byteLength(userName)>256?new ZegoError(Code.USER_NAME_TOO_LONG,
"The userName is longer than 256."):null}function checkStreamId(streamID){return check(streamID,{noun:"streamID",marks:ROOM_ID_MARKS,maxBytes:256,empty:Code.STREAM_ID_EMPTY,
tooLong:Code.STREAM_ID_TOO_LONG,illegal:Code.STREAM_ID_ILLEGAL})}function checkMessage(text){return typeof text!="string"||text===""?new ZegoError(Code.MESSAGE_EMPTY,
"The message is empty."):byteLength(text)>1024?new ZegoError(Code.MESSAGE_TOO_LONG,"The message is longer than 1024 bytes."):null}var MessagesApi=class{constructor(rooms){this.rooms=rooms}async send(kind,roomID,text,toUserIDs){if(this.rooms.isEmpty)throw new ZegoError(Code.NOT_IN_ROOM,"The\
re is no log-in.");let room=roomID===""?null:this.rooms.find(roomID);if(room===null)throw new ZegoError(Code.MESSAGE_WRONG_ROOM,"This is not the room of the log\
-in.");let wrong=checkMessage(text)??(Array.isArray(toUserIDs)?firstWrong(toUserIDs):checkUserId(null));if(wrong!==null)throw wrong;let reply=await room.send(kind,
text,toUserIDs);return{errorCode:Code.OK,extendedData:JSON.stringify({messageID:reply.messageAccepted?.messageId??""})}}};function firstWrong(userIDs){return userIDs.
map(checkUserId).find(wrong=>wrong!==null)??null}var PlayApi=class{constructor(rooms,logger){this.rooms=rooms;this.logger=logger}async start(streamID,option){let wrong=checkStreamId(streamID);if(wrong!==null)throw wrong;
let room=this.rooms.find("");if(room===null)throw new ZegoError(Code.NOT_IN_ROOM,"There is no log-in.");let present=this.rooms.player(streamID);if(present?.interrupted===
!0)return present.ready;if(present!==null)throw new ZegoError(Code.ALREADY_PLAYING,"The stream is being played already.");if(option.video===!1&&option.audio===!1)
throw new ZegoError(Code.PLAY_PARAMETER,"Neither audio nor video is wanted.");return room.play(streamID,option)}stop(streamID){let player=this.rooms.player(streamID);
return player===null?(this.logger.warn("not-playing",{stream_id:streamID,err_code:Code.NOT_PLAYING}),!1):(player.stop(),!0)}};var MAX_EXTRA_INFO_CHARS=1024,PublishApi=class{constructor(rooms,locals,events,logger){this.rooms=rooms;this.locals=locals;this.events=events;this.logger=logger}start(streamID,stream,option){
let present=this.rooms.publisher(streamID);if(present!==null)return this.logger.warn("publish-refused",{stream_id:streamID,err_code:Code.ALREADY_PUBLISHING}),present.
reportRefusal(new ZegoError(Code.ALREADY_PUBLISHING,"The stream is being published already.")),!1;let checked=this.checked(streamID,stream,option);if(checked instanceof
ZegoError){let{errorCode,extendedData}=checked;return this.logger.warn("publish-refused",{stream_id:streamID,err_code:errorCode}),this.events.emit("publisherSta\
teUpdate",{streamID,state:"NO_PUBLISH",errorCode,extendedData}),!1}return checked.room.publish(streamID,checked.local,option),!0}stop(streamID){let publisher=this.
rooms.publisher(streamID);return publisher===null?(this.logger.warn("not-publishing",{stream_id:streamID,err_code:Code.NOT_PUBLISHING}),!1):(publisher.stop(),!0)}muteVideo(stream,mute,retain){
let local=this.locals.find(stream);if(local===null||local.getVideoTracks().length===0)return!1;if((!mute||!retain)&&local.mute("video","publish",mute),!mute||retain){
local.dark=mute;for(let publisher of this.rooms.publishersOf(local))publisher.darken(mute)}return this.locals.muteChanged(local),!0}muteAudio(stream,mute){let local=this.
locals.find(stream);return local===null||local.getAudioTracks().length===0?!1:(local.mute("audio","publish",mute),this.locals.muteChanged(local),!0)}checked(streamID,stream,option){
let wrong=checkStreamId(streamID);if(wrong!==null)return wrong;let{roomID=""}=option,room=this.rooms.find(roomID);if(room===null)return new ZegoError(Code.NOT_IN_ROOM,
"There is no log-in to this room.");let local=this.locals.find(stream);if(local===null)return new ZegoError(Code.NOT_CREATED_HERE,"The stream was not made by th\
is engine.");let tracks=local.getTracks();if(tracks.length===0)return new ZegoError(Code.TRACK_MISSING,"The stream has no tracks.");if(tracks.every(track=>track.
readyState==="ended"))return new ZegoError(Code.DEVICE_OUT,"All tracks of the stream have ended.");let extraInfo=option.extraInfo??"";return typeof extraInfo!="\
string"?new ZegoError(Code.PUBLISH_PARAMETER,"The extraInfo is not a string."):extraInfo.length>MAX_EXTRA_INFO_CHARS?new ZegoError(Code.EXTRA_INFO_TOO_LONG,"The\
 extraInfo is longer than 1024 characters."):{room,local}}};var CONNECT_TIMEOUT_MS=8e3,DISCONNECTED_GRACE_MS=4e3,lastPeerNumber=0,Peer=class{constructor(direction,logger,onLost,onDoubt){this.direction=direction;this.logger=
logger;this.onLost=onLost;this.onDoubt=onDoubt;this.slots=[];this.queue=Promise.resolve();this.lostWith=null;this.timer=null;this.waiting=new Set;this.id=`${direction===
"sendonly"?"s":"r"}${++lastPeerNumber}-${Date.now().toString(36)}`,this.connection=new RTCPeerConnection({bundlePolicy:"max-bundle"}),this.connection.onconnectionstatechange=
()=>this.stateChanged()}get lost(){return this.lostWith!==null}acquire(kind,streamID,init={}){let free=this.slots.find(slot2=>slot2.kind===kind&&slot2.streamID===
null);if(free!==void 0)return free.streamID=streamID,free.transceiver.direction=this.direction,free;let transceiver=this.addTransceiver(kind,init),slot={kind,transceiver,
streamID};return this.slots.push(slot),slot}addTransceiver(kind,init){try{return this.connection.addTransceiver(kind,{...init,direction:this.direction})}catch(thrown){
if(init.sendEncodings===void 0)throw thrown;return this.connection.addTransceiver(kind,{direction:this.direction})}}deactivate(slot){this.lost||(slot.transceiver.
direction="inactive")}release(slot){this.deactivate(slot),slot.streamID=null}negotiate(negotiation){let run=this.queue.then(()=>this.runOne(negotiation));return this.
queue=run.catch(()=>{}),run}connected(){return this.lostWith!==null?Promise.reject(this.lostWith):this.connection.connectionState==="connected"?Promise.resolve():
new Promise((resolve,reject)=>this.waiting.add({resolve,reject}))}getStats(){return this.connection.getStats()}close(error,report=!1){if(this.lostWith===null){this.
lostWith=error,this.clearTimer(),this.connection.onconnectionstatechange=null,this.connection.close();for(let each of this.waiting)each.reject(error);this.waiting.
clear(),report&&this.onLost(this,error)}}async runOne(negotiation){if(this.throwIfLost(),!await negotiation.prepare(this))return;let sdp;try{await this.connection.
setLocalDescription(await this.connection.createOffer()),sdp=this.connection.localDescription?.sdp??""}catch(thrown){throw this.throwIfLost(),toZegoError(thrown,
this.direction==="sendonly"?Code.PUBLISH_OFFER:Code.PLAY_OFFER)}let reply;try{reply=await negotiation.sendOffer({peerConnectionId:this.id,sdp,tracks:this.bindings()})}catch(thrown){
throw this.throwIfLost(),await this.undo(thrown),thrown}this.throwIfLost();let answer=reply.answer?.sdp;if(answer===void 0){await this.connection.setLocalDescription(
{type:"rollback"});return}await this.take(negotiation.amend?.(answer)??answer)}async take(sdp){try{await this.connection.setRemoteDescription({type:"answer",sdp})}catch(thrown){
this.throwIfLost(),this.logger.error("answer-rejected",{peer_connection_id:this.id,name:thrown.name}),this.lose(this.connectCode(),"The answer could not be appl\
ied.")}this.throwIfLost(),this.connection.connectionState!=="connected"&&this.timer===null&&(this.timer=setTimeout(()=>this.loseQuietly("The media connection di\
d not come up."),CONNECT_TIMEOUT_MS))}async undo(thrown){(!(thrown instanceof RequestFailed)||thrown.reason==="transport-not-found")&&this.lose(this.connectCode(),
"The relay's view of the media connection is unknown.");try{await this.connection.setLocalDescription({type:"rollback"})}catch{this.throwIfLost(),this.lose(this.
connectCode(),"The offer could not be taken back.")}}bindings(){return this.slots.flatMap(({transceiver,streamID})=>streamID!==null&&transceiver.mid!==null&&transceiver.
direction!=="inactive"?[{mid:transceiver.mid,streamId:streamID}]:[])}stateChanged(){let state=this.connection.connectionState;if(this.logger.debug("peer-connect\
ion-state",{peer_connection_id:this.id,state}),state==="connected"){this.clearTimer();for(let each of this.waiting)each.resolve();this.waiting.clear()}else state===
"disconnected"?(this.onDoubt(),this.clearTimer(),this.timer=setTimeout(()=>this.loseQuietly("The media connection was interrupted."),DISCONNECTED_GRACE_MS)):(state===
"failed"||state==="closed")&&this.loseQuietly("The media connection failed.")}connectCode(){return this.direction==="sendonly"?Code.PUBLISH_ICE_FAILED:Code.PLAY_ICE_FAILED}loseQuietly(sentence){
this.close(new PeerLost(this.connectCode(),sentence),!0)}lose(code,sentence){let error=new PeerLost(code,sentence);throw this.close(error,!0),error}throwIfLost(){
if(this.lostWith!==null)throw this.lostWith}clearTimer(){this.timer!==null&&clearTimeout(this.timer),this.timer=null}};var Peers=class{constructor(port,logger){this.port=port;this.logger=logger;this.current={sendonly:null,recvonly:null}}get(direction){let present=this.current[direction];
if(present!==null&&!present.lost)return present;let peer=new Peer(direction,this.logger,(lost,error)=>{this.forget(lost,error),this.port.request({closePeerConnection:{
peerConnectionId:lost.id}}).catch(()=>{})},()=>this.port.doubt());return this.current[direction]=peer,peer}lostAtRelay(peerConnectionID){for(let peer of[this.current.
sendonly,this.current.recvonly])peer?.id===peerConnectionID&&this.drop(peer,"The relay lost the media connection.")}renew(){for(let peer of[this.current.sendonly,
this.current.recvonly])peer!==null&&this.drop(peer,"The log-in was renewed.")}closeAll(){for(let direction of["sendonly","recvonly"])this.current[direction]?.close(
new PeerLost(Code.SOCKET_CLOSED,"The log-in has ended.")),this.current[direction]=null}drop(peer,sentence){let error=new PeerLost(peer.direction==="sendonly"?Code.
PUBLISH_SOCKET_LOST:Code.PLAY_MEDIA_LOST,sentence);peer.close(error),this.forget(peer,error)}forget(peer,error){this.current[peer.direction]===peer&&(this.current[peer.
direction]=null),this.logger.warn("peer-connection-lost",{peer_connection_id:peer.id,err_code:error.errorCode}),this.port.peerLost(peer,error)}};var PendingRequests=class{constructor(timeoutMs,onTimeout){this.timeoutMs=timeoutMs;this.onTimeout=onTimeout;this.list=[];this.lastId=0}nextId(){return++this.lastId}add(body){
return new Promise((resolve,reject)=>{this.list.push({id:0,onWire:!1,body,resolve,reject,timer:null})})}flush(send){for(let each of this.list)each.onWire||(each.
id===0&&(each.id=this.nextId()),each.onWire=!0,each.timer=setTimeout(()=>this.expire(each),this.timeoutMs),send({requestId:each.id,...numbered(each.body,each.id)}))}settle(reply){
let pending=this.list.find(each=>each.id!==0&&each.id===reply.requestId);if(pending===void 0)return;this.remove(pending);let failed=reply.failed;failed===void 0?
pending.resolve(reply):pending.reject(toRequestFailed(failed))}connectionLost(){for(let each of this.list)each.onWire=!1,each.timer!==null&&clearTimeout(each.timer),
each.timer=null}rejectStale(error){for(let each of[...this.list])each.id===0&&"sendMessage"in each.body||(this.remove(each),each.reject(error))}rejectAll(error){
for(let each of[...this.list])this.remove(each),each.reject(error)}expire(pending){this.remove(pending),pending.reject(new ZegoError(Code.REQUEST_TIMEOUT,"The s\
erver did not answer in time.")),this.onTimeout()}remove(pending){pending.timer!==null&&clearTimeout(pending.timer),this.list.splice(this.list.indexOf(pending),
1)}};function numbered(body,id){return"sendMessage"in body?{sendMessage:{...body.sendMessage,messageNumber:id}}:body}function toRequestFailed(failed){return new RequestFailed(
failed.code||Code.UNKNOWN_SERVER_ERROR,failed.message||"The server refused the request.",failed.reason??"",failed.retryable===!0)}var openWebSocket=url=>new WebSocket(url),sendBeacon=(url,text)=>{try{if(globalThis.navigator?.sendBeacon?.(url,text))return;fetch(url,{method:"POST",body:text,
keepalive:!0,mode:"no-cors"}).catch(()=>{})}catch{}};var OVERLOADED_CLOSE_CODES=[4429,1013],Socket=class{constructor(url,factory,openTimeoutMs,listener){this.socket=null;this.openTimer=null;let lost=trouble=>{this.
socket!==null&&(this.close(),listener.socketLost(trouble))},socket;try{socket=factory(url)}catch{this.socket=null,queueMicrotask(()=>listener.socketLost("unreac\
hable"));return}this.socket=socket,this.openTimer=setTimeout(()=>lost("unanswered"),openTimeoutMs),socket.onopen=()=>{this.clearTimer(),listener.socketOpened()},
socket.onmessage=event=>{let message=parsed(event.data);message!==null&&listener.socketMessage(message)},socket.onclose=event=>lost(OVERLOADED_CLOSE_CODES.includes(
event?.code??0)?"overloaded":"unreachable"),socket.onerror=()=>lost("unreachable")}get isOpen(){return this.socket?.readyState===1}send(message){this.socket?.send(
JSON.stringify(message))}close(){this.clearTimer();let socket=this.socket;if(socket!==null){this.socket=null,socket.onopen=socket.onmessage=socket.onclose=socket.
onerror=null;try{socket.close()}catch{}}}clearTimer(){this.openTimer!==null&&clearTimeout(this.openTimer),this.openTimer=null}};function parsed(text){if(typeof text!=
"string")return null;try{let value=JSON.parse(text);return typeof value=="object"&&value!==null&&!Array.isArray(value)?value:null}catch{return null}}var Timers=class{constructor(){this.running=new Map}has(name){return this.running.has(name)}set(name,delayMs,run){this.clear(name);let timer=setTimeout(()=>{this.
running.delete(name),run()},delayMs);this.running.set(name,timer)}clear(name){clearTimeout(this.running.get(name)),this.running.delete(name)}clearAll(){for(let name of[
...this.running.keys()])this.clear(name)}};var StateMachine=class{constructor(current,allowed,noun){this.current=current;this.allowed=allowed;this.noun=noun}get state(){return this.current}is(...states){
return states.includes(this.current)}may(next){return this.allowed[this.current].includes(next)}become(next){if(!this.may(next))throw new Error(`${this.noun}: ${this.
current} -> ${next} is not allowed`);this.current=next}};var VERSION="3.12.0-salon.1";var OVERLOAD_PAUSES={firstMs:2e3,maxMs:1e4},Backoff=class{constructor(options,random=Math.random){this.options=options;this.random=random;this.attempt=0}nextMs(){
let ceiling=Math.min(this.options.maxMs,this.options.firstMs*2**this.attempt);return this.attempt=Math.min(this.attempt+1,16),Math.round(ceiling*(.5+.5*this.random()))}reset(){
this.attempt=0}};var QUICK_STEPS_MS=[100,200,300,400],PAUSE_SHARE=.25,QUICK_MAX_MS=5e3,OPEN_TIMEOUT_MS={first:3e3,max:5e3},HANDSHAKE_TIMEOUT_MS={first:4e3,max:1e4},ReconnectSchedule=class{constructor(random=Math.
random){this.random=random;this.pauses="quick";this.quickTries=0;this.unanswered=0;this.troubledSinceMs=null;this.growing=new Backoff({firstMs:250,maxMs:5e3},random),
this.long=new Backoff(OVERLOAD_PAUSES,random)}nextMs(trouble,nowMs){return this.troubledSinceMs??(this.troubledSinceMs=nowMs),trouble==="unanswered"&&(this.unanswered+=
1),trouble==="overloaded"?this.pauses="long":trouble==="refused"&&this.pauses==="quick"&&(this.pauses="growing"),this.pauses==="long"?this.long.nextMs():this.pauses===
"growing"?this.growing.nextMs():this.quickMs(nowMs-this.troubledSinceMs)}get openTimeoutMs(){return this.grown(OPEN_TIMEOUT_MS)}get handshakeTimeoutMs(){return this.
grown(HANDSHAKE_TIMEOUT_MS)}reset(){this.pauses="quick",this.quickTries=0,this.unanswered=0,this.troubledSinceMs=null,this.growing.reset(),this.long.reset()}quickMs(troubledMs){
let step=QUICK_STEPS_MS[Math.min(this.quickTries,QUICK_STEPS_MS.length-1)]??0,ceiling=Math.max(step,Math.min(QUICK_MAX_MS,troubledMs*PAUSE_SHARE)),floor=this.quickTries===
0?1:ceiling/2;return this.quickTries+=1,Math.floor(floor+(ceiling-floor)*this.random())}grown({first,max}){return Math.min(max,first*2**Math.min(this.unanswered,
16))}};var LOGIN_TIMEOUT_MS=15e3,FIRST_OPEN_TIMEOUT_MS=5e3,FIRST_HANDSHAKE_TIMEOUT_MS=1e4,STABLE_MS=5e3,Attempts=class{constructor(urls,retryTimeMs){this.urls=urls;this.
retryTimeMs=retryTimeMs;this.schedule=new ReconnectSchedule;this.serverIndex=0;this.deadlineMs=0;this.readySinceMs=null}get url(){return this.urls[this.serverIndex%
this.urls.length]}get openTimeoutMs(){return this.readySinceMs===null?FIRST_OPEN_TIMEOUT_MS:this.schedule.openTimeoutMs}get handshakeTimeoutMs(){return this.readySinceMs===
null?FIRST_HANDSHAKE_TIMEOUT_MS:this.schedule.handshakeTimeoutMs}begin(){this.schedule.reset(),this.setDeadline(performance.now())}succeeded(){this.readySinceMs=
performance.now()}nextServer(){this.serverIndex+=1}afterLossMs(trouble){let nowMs=performance.now();return nowMs-(this.readySinceMs??0)>STABLE_MS&&this.schedule.
reset(),this.setDeadline(nowMs),this.schedule.nextMs(trouble,nowMs)}afterFailureMs(trouble){let nowMs=performance.now(),pauseMs=this.schedule.nextMs(trouble,nowMs),
leftMs=this.deadlineMs-nowMs;return leftMs<=0?null:this.serverIndex%this.urls.length===0?Math.min(pauseMs,leftMs):0}setDeadline(nowMs){this.deadlineMs=nowMs+(this.
readySinceMs===null?LOGIN_TIMEOUT_MS:this.retryTimeMs())}};var LogIn=class{constructor(login){this.login=login;this.tokenInUse="";this.session=null;this.arriving=null;this.lastSequence=0n;this.seenSequence=0n;this.token=
login.token}get isHeld(){return this.session!==null}get hasNewerToken(){return this.token!==this.tokenInUse}renewToken(token){this.token=token}forget(){this.session=
null}request(){return this.session!==null?{resume:{...this.key(this.session),lastSequence:`${this.lastSequence}`}}:(this.tokenInUse=this.token,{login:{...this.login,
token:this.token}})}farewell(){return this.session===null?null:this.key(this.session)}begin(loggedIn,sequence){return this.lastSequence=BigInt(sequence??0),this.
completed(loggedIn)}addPage({usersChanged,streamsChanged}){let loggedIn=this.arriving;if(!(loggedIn===null||(usersChanged??streamsChanged)===void 0))return this.
completed({...loggedIn,users:[...loggedIn.users??[],...usersChanged?.users??[]],streams:[...loggedIn.streams??[],...streamsChanged?.streams??[]],pagesToCome:(loggedIn.
pagesToCome??0)-1})}isNew(message){let sequence=BigInt(message.sequence??0);return sequence!==0n&&sequence<=this.seenSequence?!1:(sequence>this.lastSequence&&(this.
lastSequence=sequence),!0)}connectionClosed(){this.arriving=null}markSeen(){this.seenSequence=this.lastSequence}completed(loggedIn){let{sessionId="",resumeKey="",
pagesToCome=0}=loggedIn;return this.arriving=pagesToCome>0?loggedIn:null,this.arriving!==null?null:(this.session={sessionId,resumeKey},this.seenSequence=0n,loggedIn)}key(session){
return{appId:this.login.appId,userId:this.login.userId,...session}}};var ALLOWED={IDLE:["LOGGING_IN","CLOSED"],LOGGING_IN:["READY","CLOSED"],READY:["RECONNECTING","CLOSED"],RECONNECTING:["READY","CLOSED"],CLOSED:[]},REQUEST_TIMEOUT_MS=1e4,
PROBE_TIMEOUT_MS=5e3,LOGOUT_TIMEOUT_MS=1e3,DEFAULT_HEARTBEAT_MS=3e4,FINAL_CODES=[Code.LOGGED_IN_ELSEWHERE,Code.KICKED_BY_OTHER_LOGIN,Code.KICKED_BY_BACKEND,Code.
DUPLICATE_LOGIN],Connection=class{constructor(options,listener){this.options=options;this.listener=listener;this.machine=new StateMachine("IDLE",ALLOWED,"connec\
tion");this.pending=new PendingRequests(REQUEST_TIMEOUT_MS,()=>this.probe());this.timers=new Timers;this.socket=null;this.handshakeId=0;this.heartbeatMs=DEFAULT_HEARTBEAT_MS;
this.quietAttempt=!1;this.asleep=!1;this.unreported=!1;this.lastError=null;this.probeId=0;this.onOnline=()=>this.hurry();this.attempts=new Attempts(options.urls,
options.retryTimeMs),this.logIn=new LogIn(options.login)}start(){this.machine.become("LOGGING_IN"),this.attempts.begin(),globalThis.addEventListener?.("online",
this.onOnline),this.open()}request(body){if(this.machine.is("CLOSED"))return Promise.reject(new ZegoError(Code.SOCKET_CLOSED,"The log-in has ended."));let reply=this.
pending.add(body);return this.flush(),reply}probe(){!this.machine.is("READY")||this.timers.has("probe")||(this.probeId=this.pending.nextId(),this.socket?.send({
requestId:this.probeId,heartbeat:{}}),this.timers.set("probe",PROBE_TIMEOUT_MS,()=>this.lost("unanswered")))}renewToken(token){this.logIn.renewToken(token)}logInAnew(){
return!this.logIn.hasNewerToken||this.machine.is("CLOSED")?!1:(this.machine.is("READY")&&(this.logIn.forget(),this.reconnect(!0,Code.NETWORK_BROKEN,"unreachable")),
!0)}logout(){this.machine.is("CLOSED")||(this.sendLogout(),this.end(new ZegoError(Code.SOCKET_CLOSED,"The log-in has ended.")))}sleep(){this.asleep||this.machine.
is("IDLE","CLOSED")||(this.asleep=!0,this.socket?.isOpen===!0?this.sendLogout():this.sendFarewell(),this.closeSocket(),this.logIn.forget(),this.machine.is("READ\
Y")&&(this.machine.become("RECONNECTING"),this.pending.connectionLost(),this.unreported=!0))}wake(){this.asleep&&(this.asleep=!1,!this.machine.is("CLOSED")&&(this.
attempts.begin(),this.unreported&&(this.unreported=!1,this.listener.reconnecting(Code.NETWORK_BROKEN)),this.machine.is("CLOSED")||this.open()))}sendLogout(){let socket=this.
socket;socket!==null&&(this.machine.is("READY")||this.timers.has("handshake"))&&(socket.send({requestId:this.pending.nextId(),logout:{}}),this.socket=null,setTimeout(
()=>socket.close(),LOGOUT_TIMEOUT_MS))}sendFarewell(){let{url}=this.attempts,farewell=this.logIn.farewell();url!==void 0&&farewell!==null&&this.options.sendBeacon(
url.replace(/^ws/,"http"),JSON.stringify(farewell))}open(){let{socketFactory,logger}=this.options,{url,openTimeoutMs}=this.attempts;if(url===void 0){this.fail(new ZegoError(
Code.NO_SERVER,"There is no usable server address."));return}this.timers.clear("retry"),logger.debug("socket-opening",{url});let socket=new Socket(url,socketFactory,
openTimeoutMs,{socketOpened:()=>socket===this.socket&&this.greet(),socketMessage:message=>socket===this.socket&&this.received(message),socketLost:trouble=>socket===
this.socket&&this.lost(trouble)});this.socket=socket}greet(){let hello={protocolVersions:[1],sdkName:"salon-web",sdkVersion:VERSION};this.socket?.send({requestId:this.
pending.nextId(),hello}),this.handshakeId=this.pending.nextId(),this.socket?.send({requestId:this.handshakeId,...this.logIn.request()}),this.awaitHandshake()}awaitHandshake(){
this.timers.set("handshake",this.attempts.handshakeTimeoutMs,()=>this.lost("unanswered"))}received(message){if(message.reply!==void 0){this.replied(message.reply,
message.sequence);return}let loggedIn=this.logIn.addPage(message);if(loggedIn!==void 0)this.arrived(loggedIn);else if(this.logIn.isNew(message))message.goAway!==
void 0?this.sentAway():message.loggedOut!==void 0?this.loggedOut(message.loggedOut.code??0):this.listener.message(message);else return}replied(reply,sequence){reply.
requestId===this.probeId?this.timers.clear("probe"):reply.requestId!==this.handshakeId?this.pending.settle(reply):reply.failed!==void 0?this.handshakeFailed(reply.
failed):reply.loggedIn!==void 0?this.arrived(this.logIn.begin(reply.loggedIn,sequence)):reply.resumed!==void 0&&this.ready(null)}arrived(loggedIn){if(loggedIn===
null){this.awaitHandshake();return}this.heartbeatMs=loggedIn.heartbeatIntervalMs||DEFAULT_HEARTBEAT_MS,this.ready(loggedIn)}ready(loggedIn){let first=this.machine.
is("LOGGING_IN");this.machine.become("READY"),this.timers.clear("handshake"),this.attempts.succeeded(),this.quietAttempt=!1,this.heartbeat(),!first&&loggedIn!==
null&&this.pending.rejectStale(new ZegoError(Code.SOCKET_CLOSED,"The old log-in is gone.")),first&&loggedIn!==null?this.listener.loggedIn(loggedIn):this.listener.
reconnected(loggedIn),this.flush()}handshakeFailed(failed){let error=toRequestFailed(failed);if(this.options.logger.warn("log-in-refused",{err_code:error.errorCode,
reason:error.reason}),this.machine.is("LOGGING_IN")){this.fail(error);return}this.lastError=error,FINAL_CODES.includes(error.errorCode)||error.reason==="logged-\
in-elsewhere"?this.fail(error):error.retryable?this.lost(error.reason==="rate-limited"?"overloaded":"refused"):this.logIn.isHeld?(this.logIn.forget(),this.closeSocket(),
this.open()):this.fail(error)}sentAway(){this.machine.is("READY")?this.reconnect(!0,Code.NETWORK_BROKEN,"unreachable"):this.lost("unreachable")}loggedOut(code){
code===Code.LEASE_EXPIRED?(this.logIn.forget(),this.reconnect(!1,code,"unreachable")):this.fail(new ZegoError(code||Code.KICKED_BY_BACKEND,"The server ended the\
 log-in."))}lost(trouble){if(this.attempts.nextServer(),this.machine.is("READY")){this.reconnect(!1,Code.NETWORK_BROKEN,trouble==="unanswered"?"unreachable":trouble);
return}if(this.closeSocket(),this.quietAttempt&&(this.quietAttempt=!1,this.listener.reconnecting(Code.NETWORK_BROKEN),!this.machine.is("RECONNECTING")))return;let pauseMs=this.
attempts.afterFailureMs(trouble);if(pauseMs!==null)this.timers.set("retry",pauseMs,()=>this.open());else if(this.machine.is("LOGGING_IN"))this.fail(new ZegoError(
Code.LOGIN_TIMEOUT,"No server could be reached in time."));else{let details=this.lastError===null?{}:{last_code:this.lastError.errorCode};this.fail(new ZegoError(
Code.ROOM_RETRY_TIMEOUT,"The connection did not come back in time.",details))}}reconnect(quiet,code,trouble){this.machine.become("RECONNECTING"),this.closeSocket(),
this.pending.connectionLost(),this.logIn.markSeen(),this.lastError=null,this.quietAttempt=quiet,this.timers.set("retry",this.attempts.afterLossMs(trouble),()=>this.
open()),quiet||this.listener.reconnecting(code)}hurry(){this.machine.is("RECONNECTING")&&this.timers.has("retry")?this.open():this.probe()}flush(){this.machine.
is("READY")&&this.pending.flush(message=>this.socket?.send(message))}heartbeat(){this.timers.set("heartbeat",this.heartbeatMs,()=>{this.heartbeat(),this.probe()})}fail(error){
this.end(error),this.listener.closed(error)}end(error){this.machine.become("CLOSED"),globalThis.removeEventListener?.("online",this.onOnline),this.closeSocket(),
this.pending.rejectAll(error)}closeSocket(){this.timers.clearAll(),this.socket?.close(),this.socket=null,this.logIn.connectionClosed()}};function afterPromises(run){let{port1,port2}=new MessageChannel;port1.onmessage=()=>{port1.close(),run()},port2.postMessage(null)}function toUser(user){return{userID:user?.userId??"",userName:user?.userName??""}}function toStream(stream){return{streamID:stream.streamId??"",user:toUser(stream.
user),extraInfo:stream.extraInfo??"",kinds:stream.kinds??[],mutedKinds:stream.mutedKinds??[]}}var REASON_DISCONNECTED=5,Roster=class{constructor(){this.users=new Map;
this.streams=new Map}stream(streamID){return this.streams.get(streamID)}replaceUsers(present){return replace(this.users,present.map(toUser),user=>user.userID)}replaceStreams(present){
return replace(this.streams,present.map(toStream),stream=>stream.streamID)}mute(streamID,mutedKinds){let stream=this.streams.get(streamID);stream!==void 0&&this.
streams.set(streamID,{...stream,mutedKinds})}changeUsers(change){return merge(this.users,(change.users??[]).map(toUser),user=>user.userID,deletes(change),[])}changeStreams(change){
let streams=(change.streams??[]).map(toStream);return merge(this.streams,streams,stream=>stream.streamID,deletes(change),change.deleteReasons??[])}};function deletes(change){
return change.updateType==="UPDATE_TYPE_DELETE"}function merge(known,items,key,remove,reasons){let result={added:[],deleted:[]};return items.forEach((item,index)=>{
let before=known.get(key(item));remove?before!==void 0&&(known.delete(key(item)),result.deleted.push({item:before,reason:reasons[index]??0})):(known.set(key(item),
item),before===void 0&&result.added.push(item))}),result}function replace(known,present,key){let result={added:[],deleted:[]},now=new Map(present.map(item=>[key(
item),item]));for(let[id,item]of known)now.has(id)||result.deleted.push({item,reason:REASON_DISCONNECTED});for(let[id,item]of now)known.has(id)||result.added.push(
item);known.clear();for(let[id,item]of now)known.set(id,item);return result}var DELETE_DESCRIPTIONS={1:"stop_by_user",2:"heartbeat_timeout",3:"repeated_login",4:"kicked",5:"disconnected",6:"remove_by_server"};function toStreamListItem(stream){
return{streamID:stream.streamID,user:{...stream.user},extraInfo:stream.extraInfo,urlsFLV:"",urlsRTMP:"",urlsHLS:"",urlsHttpsFLV:"",urlsHttpsHLS:""}}function deleteReasons(deleted){
let reasons=deleted.map(({item,reason})=>({stream_id:item.streamID,code:reason,description:DELETE_DESCRIPTIONS[reason]??"unknown"}));return JSON.stringify({stream_delete_reason:reasons})}
function toBroadcast(message){return{fromUser:toUser(message.fromUser),message:message.text??"",sendTime:Number(message.sentAtUnixMs??0),messageID:Number(message.
messageId??0)}}function toBarrage(message){return{...toBroadcast(message),messageID:message.messageId??""}}var ROOM_ALLOWED={"":["LOGINING"],LOGINING:["LOGINED","LOGIN_FAILED","LOGOUT"],LOGINED:["RECONNECTING","RECONNECT_FAILED","KICKOUT","LOGOUT"],RECONNECTING:["REC\
ONNECTED","RECONNECT_FAILED","KICKOUT","LOGOUT"],RECONNECTED:["RECONNECTING","RECONNECT_FAILED","KICKOUT","LOGOUT"],LOGIN_FAILED:[],RECONNECT_FAILED:[],KICKOUT:[],
LOGOUT:[]},OLD_STATE={LOGINING:"CONNECTING",LOGINED:"CONNECTED",LOGIN_FAILED:"DISCONNECTED",RECONNECTING:"CONNECTING",RECONNECTED:"CONNECTED",RECONNECT_FAILED:"\
DISCONNECTED",KICKOUT:"DISCONNECTED",LOGOUT:"DISCONNECTED",LOGOUT_FAILED:"DISCONNECTED"};var RoomEvents=class{constructor(roomID,emitter,logger,over){this.roomID=roomID;this.emitter=emitter;this.logger=logger;this.over=over;this.held=null}hold(){let held=[];
this.held=held,afterPromises(()=>{this.held=null;for(let run of held)run()})}queue(run){let guarded=()=>{this.over()||run()};this.held===null?guarded():this.held.
push(guarded)}state(reason,code,extendedData="{}"){this.logger.info("room-state",{room_id:this.roomID,reason,err_code:code}),this.emitter.emit("roomStateUpdate",
this.roomID,OLD_STATE[reason],code,extendedData),this.emitter.emit("roomStateChanged",this.roomID,reason,code,extendedData)}users({added,deleted}){let gone=deleted.
map(({item})=>item);gone.length>0&&this.emitter.emit("roomUserUpdate",this.roomID,"DELETE",gone),added.length>0&&this.emitter.emit("roomUserUpdate",this.roomID,
"ADD",added)}streamsDeleted(deleted){let gone=deleted.map(({item})=>toStreamListItem(item));this.emitter.emit("roomStreamUpdate",this.roomID,"DELETE",gone,deleteReasons(
deleted))}streamsAdded(added){this.emitter.emit("roomStreamUpdate",this.roomID,"ADD",added.map(toStreamListItem),"{}")}message(message){message.kind==="SIGNAL_M\
ESSAGE_KIND_BROADCAST"?this.emitter.emit("IMRecvBroadcastMessage",this.roomID,[toBroadcast(message)]):message.kind==="SIGNAL_MESSAGE_KIND_BARRAGE"?this.emitter.
emit("IMRecvBarrageMessage",this.roomID,[toBarrage(message)]):message.kind==="SIGNAL_MESSAGE_KIND_COMMAND"&&this.emitter.emit("IMRecvCustomCommand",this.roomID,
toUser(message.fromUser),message.text??"")}tokenWillExpire(){this.emitter.emit("tokenWillExpire",this.roomID)}};var FLOW_ALLOWED={IDLE:["NEGOTIATING","ENDED"],NEGOTIATING:["ACTIVE","WAITING","ENDED"],ACTIVE:["WAITING","ENDED"],WAITING:["NEGOTIATING","WAITING","ENDED"],ENDED:[]},
STABLE_MS2=5e3,MediaFlow=class{constructor(streamID,port,direction,retryTimeoutError){this.streamID=streamID;this.port=port;this.direction=direction;this.retryTimeoutError=
retryTimeoutError;this.machine=new StateMachine("IDLE",FLOW_ALLOWED,"stream");this.slots=[];this.peer=null;this.backoff=new Backoff({firstMs:250,maxMs:5e3});this.
overloadBackoff=new Backoff(OVERLOAD_PAUSES);this.attempt=0;this.failures=0;this.activeSinceMs=0;this.announced=!1;this.retryTimer=null;this.deadlineTimer=null}get state(){
return this.machine.state}start(){this.negotiate()}stop(){this.end(null)}interrupt(error,patient){if(!this.machine.is("ACTIVE","NEGOTIATING","WAITING"))return;let peer=this.
peer;if(peer!==null)for(let slot of this.slots)peer.deactivate(slot);this.wait(error,patient)}wake(){this.machine.is("WAITING")&&this.negotiate()}peerLost(peer,error){
this.peer===peer&&(this.slots=[],this.peer=null,this.machine.is("ACTIVE")&&this.wait(error,!1))}amend(sdp){return sdp}get wasActive(){return this.activeSinceMs!==
0}end(error){this.machine.is("ENDED")||(this.clearTimers(),this.attempt+=1,this.become("ENDED",error),this.leave())}become(state,error){this.machine.become(state),
this.report(state,error)}negotiate(){if(this.clearRetry(),this.become("NEGOTIATING",null),!this.machine.is("NEGOTIATING"))return;this.armDeadline();let attempt=++this.
attempt,present=()=>attempt===this.attempt&&this.machine.is("NEGOTIATING");this.run(present).then(()=>present()&&this.succeeded(),thrown=>present()&&this.failed(
toZegoError(thrown,this.retryTimeoutError().errorCode)))}async run(present){let peer=this.port.peer(this.direction);await peer.negotiate({prepare:async()=>present()?
(this.peer!==peer&&(this.slots=[]),this.peer=peer,await this.prepareSlots(peer),!0):!1,sendOffer:async offer=>{this.announced=!0;try{return await this.announce(
offer)}catch(thrown){throw thrown instanceof RequestFailed&&(this.announced=!1),thrown}},amend:sdp=>this.amend(sdp)}),present()&&(this.answered(),await peer.connected())}succeeded(){
this.clearTimers(),this.activeSinceMs=performance.now(),this.become("ACTIVE",null)}failed(error){error instanceof PeerLost||error instanceof RequestFailed&&!this.
isFinal(error)?this.wait(error,!1):this.end(error)}wait(error,patient){this.machine.is("ACTIVE")&&performance.now()-this.activeSinceMs>STABLE_MS2&&(this.failures=
0,this.backoff.reset(),this.overloadBackoff.reset()),this.attempt+=1,this.clearRetry(),this.become("WAITING",error),this.machine.is("WAITING")&&(this.armDeadline(),
!patient&&(this.retryTimer=setTimeout(()=>this.wake(),this.pauseMs(error))))}pauseMs(error){return this.failures++===0&&error instanceof PeerLost?0:(error instanceof
RequestFailed&&error.reason==="rate-limited"?this.overloadBackoff:this.backoff).nextMs()}leave(){let peer=this.peer,withdraw=offer=>(this.announced=!1,this.withdraw(
offer));if(peer===null||peer.lost){this.announced&&withdraw().catch(()=>{});return}peer.negotiate({prepare:async()=>{for(let slot of this.slots)await this.releaseSlot(
peer,slot);return this.slots=[],this.announced},sendOffer:withdraw}).catch(()=>withdraw()).catch(()=>{})}armDeadline(){this.deadlineTimer===null&&(this.deadlineTimer=
setTimeout(()=>this.end(this.retryTimeoutError()),this.port.retryTimeMs()))}clearRetry(){this.retryTimer!==null&&clearTimeout(this.retryTimer),this.retryTimer=null}clearTimers(){
this.clearRetry(),this.deadlineTimer!==null&&clearTimeout(this.deadlineTimer),this.deadlineTimer=null}};var PUBLIC_STATE={IDLE:"NO_PLAY",NEGOTIATING:"PLAY_REQUESTING",WAITING:"PLAY_REQUESTING",ACTIVE:"PLAYING",ENDED:"NO_PLAY"},Player=class extends MediaFlow{constructor(streamID,option,playerPort){
super(streamID,playerPort,"recvonly",()=>new ZegoError(Code.PLAY_RETRY_TIMEOUT,"The stream could not be played again in time."));this.option=option;this.playerPort=
playerPort;this.media=new MediaStream;this.result=null;this.lastReport="";this.muted=new Set;this.ready=new Promise((resolve,reject)=>{this.result={resolve,reject}}),
this.ready.catch(()=>{})}get interrupted(){return this.wasActive&&this.machine.is("WAITING","NEGOTIATING")}get hasPlayed(){return this.wasActive}learnMuted(mutedKinds){
if(!this.machine.is("ACTIVE"))return[];let before=this.muted;return this.muted=new Set(mutedKinds),["audio","video"].filter(kind=>before.has(kind)!==this.muted.
has(kind)).map(kind=>({kind,muted:this.muted.has(kind)}))}prepareSlots(peer){for(let kind of["audio","video"]){let present=this.slots.find(each=>each.kind===kind);
if(!this.wants(kind)){present!==void 0&&this.drop(peer,present);continue}let slot=present??peer.acquire(kind,this.streamID);present===void 0&&this.slots.push(slot),
slot.transceiver.direction="recvonly";let receiver=slot.transceiver.receiver,targetMs=this.option.jitterBufferTarget;"jitterBufferTarget"in receiver&&(receiver.
jitterBufferTarget=targetMs??null),"playoutDelayHint"in receiver&&this.option.playoutDelayHint!==void 0&&(receiver.playoutDelayHint=this.option.playoutDelayHint)}
return Promise.resolve()}announce(offer){return this.port.request({play:{streamId:this.streamID,offer}})}withdraw(offer){return this.port.request({stopPlay:{streamId:this.
streamID,offer}})}answered(){let tracks=[];for(let slot of[...this.slots])slot.transceiver.currentDirection==="recvonly"?tracks.push(slot.transceiver.receiver.track):
this.peer!==null&&this.drop(this.peer,slot);if(tracks.length===0)throw new RequestFailed(Code.PLAY_INTERRUPTED,"The relay has no media of this stream.","no-medi\
a",!0);for(let track of this.media.getTracks())tracks.includes(track)||this.media.removeTrack(track);for(let track of tracks)this.media.addTrack(track);this.result?.
resolve(this.media),this.result=null}releaseSlot(peer,slot){return this.drop(peer,slot),Promise.resolve()}isFinal(error){return error.retryable?!1:error.errorCode!==
Code.STREAM_NOT_FOUND?!0:!this.wasActive&&!this.playerPort.isComing(this.streamID)}report(state,error){state==="ENDED"&&(this.playerPort.playerEnded(this),this.
result?.reject(error??new ZegoError(Code.NOT_PLAYING,"Playing was stopped before it began.")),this.result=null);let publicState=PUBLIC_STATE[state],code=error?.
errorCode??Code.OK;!(state==="NEGOTIATING"&&this.lastReport.startsWith(publicState))&&this.lastReport!==`${publicState} ${code}`&&(this.lastReport=`${publicState}\
 ${code}`,this.playerPort.playerState({streamID:this.streamID,state:publicState,errorCode:code,extendedData:error?.extendedData??"{}"})),state==="ACTIVE"&&this.
playerPort.playerActive(this)}wants(kind){if(this.option[kind]===!1)return!1;let kinds=this.playerPort.kindsOf(this.streamID);return kinds.length===0||kinds.includes(
kind)}drop(peer,slot){this.media.removeTrack(slot.transceiver.receiver.track),peer.release(slot),this.slots=this.slots.filter(each=>each!==slot)}};function withFormatParameters(sdp,mid,codecs,parameters){let added=Object.entries(parameters).map(([name,value])=>`${name}=${value}`);return added.length===0?sdp:
sdp.split(/(?=^m=)/m).map(section=>hasMid(section,mid)?extend(section,codecs,added.join(";")):section).join("")}function hasMid(section,mid){return section.split(
/\r?\n/).includes(`a=mid:${mid}`)}function extend(section,codecs,added){let lines=section.split(`\r
`),fmtp=new Map;return lines.forEach((line,index)=>{let match=/^a=fmtp:(\d+) /.exec(line);match?.[1]!==void 0&&fmtp.set(match[1],index)}),lines.flatMap((line,index)=>{
let map=/^a=rtpmap:(\d+) ([^/]+)\//.exec(line),payloadType=map?.[1],wanted=codecs.includes((map?.[2]??"").toLowerCase());if(payloadType!==void 0&&wanted&&!fmtp.
has(payloadType))return[line,`a=fmtp:${payloadType} ${added}`];let own=/^a=fmtp:(\d+) /.exec(line)?.[1];return own!==void 0&&fmtp.get(own)===index&&isCodec(lines,
own,codecs)?[`${line};${added}`]:[line]}).join(`\r
`)}function isCodec(lines,payloadType,codecs){return lines.some(line=>{let map=/^a=rtpmap:(\d+) ([^/]+)\//.exec(line);return map?.[1]===payloadType&&codecs.includes(
(map[2]??"").toLowerCase())})}function isRepair(codec){return codec.mimeType.toLowerCase()==="video/rtx"}function named(name){return codec=>codec.mimeType.toLowerCase()===`video/${name.toLowerCase()}`}
function h264Rank(codec){let line=(codec.sdpFmtpLine??"").toLowerCase(),mode=line.includes("packetization-mode=1")?0:10;return line.includes("profile-level-id=4\
2e0")?mode:line.includes("profile-level-id=4200")?mode+1:mode+2}function sendCodecPreferences(preferred,capabilities){let found=capabilities.filter(named(preferred)),
chosen=found.length>0?found:capabilities.filter(named("VP8"));return chosen.length===0?[]:[...[...chosen].sort((left,right)=>h264Rank(left)-h264Rank(right)),...capabilities.
filter(isRepair)]}function preferCodec(transceiver,preferred){if(typeof transceiver.setCodecPreferences!="function")return;let codecs=sendCodecPreferences(preferred,
RTCRtpSender.getCapabilities?.("video")?.codecs??[]);try{transceiver.setCodecPreferences(codecs)}catch{try{transceiver.setCodecPreferences([])}catch{}}}function canSend(name){
return RTCRtpSender.getCapabilities?.("video")?.codecs?.some(named(name))??(name==="VP8"||name==="H264")}var DEFAULT_SIZE={width:640,height:480},BlackPicture=class{constructor({width,height}){this.timer=null;let canvas=globalThis.document?.createElement("canvas"),context=canvas?.
getContext("2d");if(!canvas||!context||typeof canvas.captureStream!="function"){this.track=null;return}canvas.width=width||DEFAULT_SIZE.width,canvas.height=height||
DEFAULT_SIZE.height,this.track=canvas.captureStream().getVideoTracks()[0]??null;let draw=()=>{context.fillRect(0,0,canvas.width,canvas.height),this.timer=setTimeout(
draw,500)};draw()}stop(){this.timer!==null&&clearTimeout(this.timer),this.timer=null,this.track?.stop()}};var MuteReport=class{constructor(present,send){this.present=present;this.send=send;this.reported="";this.asking=!1;this.timer=null;this.pauses=new Backoff(OVERLOAD_PAUSES);
this.over=!1}announced(){let kinds=this.present();return this.reported=kinds.join(),kinds}refresh(){let kinds=this.present(),wanted=kinds.join();this.over||this.
asking||this.timer!==null||wanted===this.reported||(this.asking=!0,this.send(kinds).then(()=>{this.asking=!1,this.reported=wanted,this.pauses.reset(),this.refresh()},
thrown=>{this.asking=!1,this.failed(thrown)}))}stop(){this.over=!0,this.timer!==null&&clearTimeout(this.timer)}failed(thrown){if(thrown instanceof RequestFailed&&
!thrown.retryable){this.over||(this.over=thrown.reason==="request-malformed");return}this.over||(this.timer=setTimeout(()=>{this.timer=null,this.refresh()},this.
pauses.nextMs()))}};async function applySenderParameters(sender,maxBitrate,degradation){if(typeof sender.getParameters!="function")return;let parameters=sender.getParameters();parameters.
encodings?.length>0||(parameters.encodings=[{}]);for(let encoding of parameters.encodings)encoding.maxBitrate=maxBitrate;degradation!==null&&(parameters.degradationPreference=
degradation);try{await sender.setParameters(parameters)}catch{}}var PUBLIC_STATE2={IDLE:"NO_PUBLISH",NEGOTIATING:"PUBLISH_REQUESTING",WAITING:"PUBLISH_REQUESTING",ACTIVE:"PUBLISHING",ENDED:"NO_PUBLISH"},WARM_UP_MS=5e3,Publisher=class extends MediaFlow{constructor(streamID,stream,option,publisherPort){
super(streamID,publisherPort,"sendonly",()=>new ZegoError(Code.PUBLISH_RETRY_TIMEOUT,"The stream could not be published again in time."));this.stream=stream;this.
option=option;this.publisherPort=publisherPort;this.lastReport="";this.dark=null;this.black=null;this.warmUp=null;this.waiting=[];this.muteReport=new MuteReport(
()=>this.stream.mutedKinds(),mutedKinds=>this.port.request({muteStream:{streamId:this.streamID,mutedKinds}}));stream.dark&&this.darken(!0)}async darken(mute){let track=this.
stream.getVideoTracks()[0];track===void 0||mute===(this.dark!==null)||(mute?this.dark=darkened(track):(this.dark?.stop(),this.dark=null),await this.sourceChanged(
"video"))}async sourceChanged(kind){let slot=this.slots.find(each=>each.kind===kind);try{await slot?.transceiver.sender.replaceTrack(this.sentTrack(kind))}catch{}}async trackReplaced(track){
let{optimizationMode}=this.stream.encoding;track.kind==="video"&&(optimizationMode!=="default"&&(track.contentHint=optimizationMode),this.dark?.stop(),this.dark=
this.dark===null?null:darkened(track)),await this.sourceChanged(track.kind)}muteChanged(){this.publishing&&this.muteReport.refresh(),this.publisherPort.mutedChanged(
this)}get publishing(){return this.machine.is("ACTIVE")}negotiated(){return this.machine.is("IDLE","NEGOTIATING")?new Promise(resolve=>this.waiting.push(resolve)):
Promise.resolve()}async setEffects(effects){return(await this.port.request({setEffects:{streamId:this.streamID,effects}})).effectsSet??{}}async prepareSlots(peer){
for(let kind of["audio","video"]){let source=this.source(kind),slot=this.slots.find(each=>each.kind===kind);if(source===void 0||source.readyState==="ended"&&slot===
void 0&&!this.wasActive)continue;let track=this.sentTrack(kind),{audioKbps,videoKbps,optimizationMode}=this.stream.encoding,maxBitrate=(kind==="audio"?audioKbps:
videoKbps)*1e3;slot===void 0&&(slot=peer.acquire(kind,this.streamID,{sendEncodings:[{maxBitrate}]}),this.slots.push(slot)),slot.transceiver.direction="sendonly",
kind==="video"&&(optimizationMode!=="default"&&track!==null&&(track.contentHint=optimizationMode),preferCodec(slot.transceiver,this.option.videoCodec??"H264")),
await slot.transceiver.sender.replaceTrack(track)}}announce(offer){let extraInfo=this.option.extraInfo??"",effects=this.stream.beauty.effects,muted=this.muteReport.
announced(),mutedKinds=muted.length>0?muted:void 0;return this.port.request({publish:{streamId:this.streamID,extraInfo,offer,effects,mutedKinds}})}withdraw(offer){
return this.port.request({unpublish:{streamId:this.streamID,offer}})}amend(sdp){let{startKbps,channelCount,audioKbps}=this.stream.encoding,amended=sdp;for(let{kind,
transceiver}of this.slots){let mid=transceiver.mid;if(mid!==null){if(kind==="video"&&startKbps!==null)amended=withFormatParameters(amended,mid,["vp8","h264","h2\
65","vp9"],{"x-google-start-bitrate":startKbps});else if(kind==="audio"){let opus={};channelCount===2&&(opus.stereo=1),this.option.enableDTX===!0&&(opus.usedtx=
1),Object.keys(opus).length>0&&(opus.maxaveragebitrate=audioKbps*1e3),amended=withFormatParameters(amended,mid,["opus"],opus)}}}return amended}answered(){this.stopWarmUp(),
this.warmUp=setTimeout(()=>{this.warmUp=null;for(let slot of this.slots)this.applyParameters(slot)},WARM_UP_MS);for(let slot of this.slots)this.applyParameters(
slot)}async releaseSlot(peer,slot){peer.release(slot),await slot.transceiver.sender.replaceTrack(null)}isFinal(error){return error.errorCode===Code.TOKEN_EXPIRED?
!this.publisherPort.logInAnew():!error.retryable&&!(error.reason==="stream-exists"&&this.wasActive)}report(state,error){if(state!=="NEGOTIATING")for(let resolve of this.
waiting.splice(0))resolve();state==="ENDED"&&(this.stream.beauty.unpublished(this.streamID),this.stopWarmUp(),this.muteReport.stop(),this.dark?.stop(),this.dark=
null,this.black?.stop(),this.black=null,this.publisherPort.publisherEnded(this));let publicState=PUBLIC_STATE2[state],code=error?.errorCode??Code.OK;!(state==="\
NEGOTIATING"&&this.lastReport.startsWith(publicState))&&this.lastReport!==`${publicState} ${code}`&&(this.lastReport=`${publicState} ${code}`,this.publisherPort.
publisherState({streamID:this.streamID,state:publicState,errorCode:code,extendedData:error?.extendedData??"{}"})),!(state!=="ACTIVE"||!this.machine.is("ACTIVE"))&&
(this.muteReport.refresh(),this.publisherPort.publisherActive(this),this.stream.beauty.published(this))}reportRefusal(error){let{streamID}=this,{errorCode,extendedData}=error;
this.publisherPort.publisherState({streamID,state:PUBLIC_STATE2[this.state],errorCode,extendedData})}source(kind){return(kind==="audio"?this.stream.getAudioTracks():
this.stream.getVideoTracks())[0]}sentTrack(kind){let track=this.source(kind)??null;return kind==="audio"||track===null?track:track.readyState==="ended"||this.stream.
idle.has("video")?(this.black??(this.black=new BlackPicture(track.getSettings())),this.black.track):(this.black?.stop(),this.black=null,this.dark??track)}stopWarmUp(){
this.warmUp!==null&&clearTimeout(this.warmUp),this.warmUp=null}applyParameters({kind,transceiver}){let{audioKbps,videoKbps,optimizationMode}=this.stream.encoding;
if(kind==="audio")return applySenderParameters(transceiver.sender,audioKbps*1e3,null);let degradation=optimizationMode==="detail"||optimizationMode==="default"&&
(this.stream.source==="screen"||this.warmUp!==null)?"maintain-resolution":"maintain-framerate";return applySenderParameters(transceiver.sender,videoKbps*1e3,degradation)}};
function darkened(track){let copy=track.clone();return copy.enabled=!1,copy}var RoomStreams=class{constructor(port,roster,queue,events,unplayed){this.port=port;this.roster=roster;this.queue=queue;this.events=events;this.unplayed=unplayed;
this.publishers=new Map;this.players=new Map}publisher(streamID){return this.publishers.get(streamID)}publishersOf(stream){return[...this.publishers.values()].filter(
each=>each.stream===stream)}publish(streamID,stream,option){let publisher=new Publisher(streamID,stream,option,this.publisherPort());this.publishers.set(streamID,
publisher),publisher.start()}player(streamID){return this.players.get(streamID)}play(streamID,option){let player=new Player(streamID,option,this.playerPort());this.
players.set(streamID,player);let publisher=this.publishers.get(streamID);return publisher===void 0?player.start():publisher.negotiated().then(()=>player.state===
"IDLE"&&player.start()),player.ready}wakePlayer(streamID){this.players.get(streamID)?.wake()}interruptPlayer(streamID){let gone=new ZegoError(Code.PLAY_INTERRUPTED,
"The stream is interrupted.");this.players.get(streamID)?.interrupt(gone,!0)}peerLost(peer,error){for(let flow of[...this.publishers.values(),...this.players.values()])
flow.peerLost(peer,error)}reportMuted(streamID){this.queue.queue(()=>this.emitMuted(streamID))}reportAllMuted(){this.queue.queue(()=>{for(let streamID of this.players.
keys())this.emitMuted(streamID)})}end(error){for(let flow of[...this.players.values(),...this.publishers.values()])flow.end(error)}emitMuted(streamID){let mutedKinds=this.
roster.stream(streamID)?.mutedKinds??this.publishers.get(streamID)?.stream.mutedKinds();for(let{kind,muted}of this.players.get(streamID)?.learnMuted(mutedKinds??
[])??[]){let event=kind==="video"?"remoteCameraStatusUpdate":"remoteMicStatusUpdate";this.events.emit(event,streamID,muted?"MUTE":"OPEN")}}publisherPort(){return{
...this.port,publisherState:state=>this.events.emit("publisherStateUpdate",state),publisherActive:publisher=>this.wakePlayer(publisher.streamID),mutedChanged:publisher=>this.
reportMuted(publisher.streamID),publisherEnded:publisher=>{this.publishers.delete(publisher.streamID),this.players.get(publisher.streamID)?.hasPlayed===!1?this.
wakePlayer(publisher.streamID):this.interruptPlayer(publisher.streamID)}}}playerPort(){return{...this.port,playerState:state=>this.events.emit("playerStateUpdat\
e",state),playerEnded:player=>{this.players.delete(player.streamID),this.unplayed(player.media)},playerActive:player=>this.reportMuted(player.streamID),isComing:streamID=>this.
publishers.has(streamID),kindsOf:streamID=>this.roster.stream(streamID)?.kinds??[]}}};var TokenWatch=class{constructor(warn){this.warn=warn;this.timer=null;this.warnedForUnixS=0}expiresAt(unixS){this.stop(),unixS>0&&unixS!==this.warnedForUnixS&&this.
wait(unixS)}stop(){this.timer!==null&&clearTimeout(this.timer),this.timer=null}wait(unixS){let leftMs=unixS*1e3-3e4-Date.now();if(leftMs>0){this.timer=setTimeout(
()=>this.wait(unixS),Math.min(leftMs,36e5));return}this.timer=null,this.warnedForUnixS=unixS,this.warn()}};var Room=class{constructor(options){this.options=options;this.machine=new StateMachine("",ROOM_ALLOWED,"room");this.roster=new Roster;this.tokenWatch=new TokenWatch(
()=>this.events.queue(()=>this.events.tokenWillExpire()));this.loginResult=null;let{login,urls,settings,events,socketFactory,sendBeacon:sendBeacon2,logger,unplayed}=options;
this.roomID=login.roomId;let retryTimeMs=()=>settings.roomRetryTimeMs;this.connection=new Connection({urls,login,retryTimeMs,socketFactory,sendBeacon:sendBeacon2,
logger},this);let request=body=>this.connection.request(body);this.peers=new Peers({request,peerLost:(peer,error)=>this.streams.peerLost(peer,error),doubt:()=>this.
connection.probe()},logger),this.events=new RoomEvents(this.roomID,events,logger,()=>this.over);let port={request,peer:this.peers.get.bind(this.peers),retryTimeMs:()=>settings.
avRetryTimeMs,logInAnew:()=>this.connection.logInAnew()};this.streams=new RoomStreams(port,this.roster,this.events,events,unplayed)}get over(){return this.machine.
is("LOGIN_FAILED","RECONNECT_FAILED","KICKOUT","LOGOUT")}login(){let result=new Promise((resolve,reject)=>{this.loginResult={resolve,reject}});return this.become(
"LOGINING",Code.OK),this.over||this.connection.start(),result}logout(){this.over||(this.connection.logout(),this.finish("LOGOUT",null))}renewToken(token,expiresAtUnixS){
this.connection.renewToken(token),this.tokenWatch.expiresAt(expiresAtUnixS)}sleep(){this.connection.sleep()}wake(){this.connection.wake()}send(kind,text,toUserIds){
return this.connection.request({sendMessage:{kind,text,toUserIds}})}publisher(streamID){return this.streams.publisher(streamID)}publishersOf(stream){return this.
streams.publishersOf(stream)}publish(streamID,stream,option){this.streams.publish(streamID,stream,option)}player(streamID){return this.streams.player(streamID)}play(streamID,option){
return this.streams.play(streamID,option)}loggedIn(loggedIn){this.events.hold(),this.become("LOGINED",Code.OK,JSON.stringify({room_session_id:loggedIn.roomSessionId??
""})),this.loginResult?.resolve(!0),this.loginResult=null,this.applySnapshot(loggedIn),this.over||this.tokenWatch.expiresAt(Number(loggedIn.tokenExpiresAtUnixS??
0))}reconnecting(code){this.become("RECONNECTING",code)}reconnected(fresh){this.machine.is("RECONNECTING")&&this.become("RECONNECTED",Code.OK),!(fresh===null||this.
over)&&(this.peers.renew(),this.applySnapshot(fresh),this.tokenWatch.expiresAt(Number(fresh.tokenExpiresAtUnixS??0)))}closed(error){if(this.over)return;let kicked=error.
errorCode===Code.KICKED_BY_OTHER_LOGIN||error.errorCode===Code.KICKED_BY_BACKEND;this.machine.is("LOGINING")?this.finish("LOGIN_FAILED",error):this.finish(kicked?
"KICKOUT":"RECONNECT_FAILED",error)}message(message){if(message.usersChanged!==void 0)this.usersChanged(this.roster.changeUsers(message.usersChanged));else if(message.
streamsChanged!==void 0)this.streamsChanged(this.roster.changeStreams(message.streamsChanged)),this.streamsConfirmed(message.streamsChanged);else if(message.messageReceived!==
void 0){let received=message.messageReceived;this.events.queue(()=>this.events.message(received))}else if(message.peerConnectionLost!==void 0)this.peers.lostAtRelay(
message.peerConnectionLost.peerConnectionId??"");else if(message.streamMuteChanged!==void 0){let{streamId="",mutedKinds=[]}=message.streamMuteChanged;this.roster.
mute(streamId,mutedKinds),this.streams.reportMuted(streamId)}else if(message.effectsStateChanged!==void 0){let{streamId="",...state}=message.effectsStateChanged;
this.publisher(streamId)?.stream.beauty.stateChanged(streamId,state)}}applySnapshot(loggedIn){this.options.login.userUpdate&&this.usersChanged(this.roster.replaceUsers(
loggedIn.users??[])),this.streamsChanged(this.roster.replaceStreams(loggedIn.streams??[])),this.streams.reportAllMuted()}usersChanged(change){this.events.queue(
()=>this.events.users(change))}streamsChanged({added,deleted}){this.events.queue(()=>{if(deleted.length>0){this.events.streamsDeleted(deleted);for(let{item}of deleted)
this.streams.interruptPlayer(item.streamID)}if(added.length>0){this.events.streamsAdded(added);for(let{streamID}of added)this.streams.wakePlayer(streamID)}})}streamsConfirmed({
updateType,streams}){if(updateType!=="UPDATE_TYPE_DELETE")for(let{streamId=""}of streams??[])this.streams.wakePlayer(streamId),this.streams.reportMuted(streamId)}become(reason,code,extendedData){
this.machine.become(reason),this.events.state(reason,code,extendedData)}finish(reason,error){this.machine.become(reason),this.options.ended(this),this.tokenWatch.
stop(),this.peers.closeAll();let loginResult=this.loginResult;this.loginResult=null,this.streams.end(error),this.events.state(reason,error?.errorCode??Code.OK,error?.
extendedData),loginResult?.reject(error??new ZegoError(Code.LOGIN_STATE,"The room was left before the log-in was done."))}};var FORM=/^04[0-9A-Za-z+/]+={0,2}$/;var VECTOR_LENGTHS=[12,16];function bigEndian(bytes,offset,count){let value=0;for(let index=offset;index<offset+count;index+=1)value=value*256+bytes.charCodeAt(
index);return value}function tokenExpiresAtUnixS(token){if(typeof token!="string"||!FORM.test(token))return null;let bytes;try{bytes=atob(token.slice(2))}catch{
return null}let vectorBytes=bigEndian(bytes,8,2),head=12+vectorBytes,left=bytes.length-head-bigEndian(bytes,head-2,2);if(!VECTOR_LENGTHS.includes(vectorBytes)||
left!==0&&left!==1)return null;let expiresAt=bigEndian(bytes,0,8);return Number.isSafeInteger(expiresAt)&&expiresAt>0?expiresAt:null}var MAX_APP_ID=2**32-1,RoomApi=class{constructor(appID,server,rooms,views,settings,events,logger){this.appID=appID;this.server=server;this.rooms=rooms;this.views=
views;this.settings=settings;this.events=events;this.logger=logger;this.onPageHide=()=>this.rooms.all.forEach(room=>room.sleep());this.onPageShow=()=>this.rooms.
all.forEach(room=>room.wake());globalThis.addEventListener?.("pagehide",this.onPageHide),globalThis.addEventListener?.("pageshow",this.onPageShow)}async login(roomID,token,user,config){
if(!Number.isInteger(this.appID)||this.appID<1||this.appID>MAX_APP_ID)throw new ZegoError(Code.APP_ID_WRONG,"The AppID is not a positive 32-bit number.");let wrong=checkRoomId(
roomID)??checkUserId(user?.userID)??checkUserName(user?.userName);if(wrong!==null)throw wrong;if(typeof token!="string")throw new ZegoError(Code.TOKEN_FORMAT,"T\
he token is not a string.");if(!this.rooms.isEmpty)throw new ZegoError(Code.ROOM_ALREADY_LOGGED_IN,"Another log-in has not ended yet.");let urls=socketUrls(this.
server);if(urls.length===0)throw new ZegoError(Code.NO_SERVER,"There is no usable server address.");let room=new Room({urls,login:{appId:this.appID,roomId:roomID,
token,userId:user.userID,userName:user.userName??user.userID,userUpdate:config?.userUpdate===!0,maxMemberCount:config?.maxMemberCount??0},settings:this.settings,
events:this.events,logger:this.logger,socketFactory:openWebSocket,sendBeacon,ended:over=>this.rooms.remove(over),unplayed:media=>this.views.remove(media)});return this.
rooms.add(room),room.login()}logout(roomID){let room=this.rooms.find(roomID);if(room!==null){room.logout();return}this.logger.warn("log-out-without-log-in",{err_code:Code.
ROOM_NOT_LOGGED_IN}),this.events.emit("roomStateUpdate",roomID,"DISCONNECTED",Code.ROOM_NOT_LOGGED_IN,"{}"),this.events.emit("roomStateChanged",roomID,"LOGOUT_F\
AILED",Code.ROOM_NOT_LOGGED_IN,"{}")}renewToken(token,roomID){let expiresAtUnixS=tokenExpiresAtUnixS(token),room=this.rooms.find(roomID);return expiresAtUnixS===
null||room===null?(this.logger.warn("token-not-renewed",{err_code:this.rooms.isEmpty?Code.NOT_IN_ROOM:Code.TOKEN_FORMAT}),!1):(room.renewToken(token,expiresAtUnixS),
!0)}end(){for(let room of this.rooms.all)room.logout();globalThis.removeEventListener?.("pagehide",this.onPageHide),globalThis.removeEventListener?.("pageshow",
this.onPageShow)}};var MIN_INTERVAL_MS=67,DONE={errorCode:Code.OK,extendedData:""},Beauty=class{constructor(){this.wanted=null;this.version=0;this.waiters=[];this.working=!1;this.
lastSentMs=-1/0;this.unavailable=new Set;this.versions=new Map;this.watchers=new Set;this.port=null}connect(port){this.port=port}get effects(){return this.wanted??
void 0}get shown(){return this.unavailable.size>0?null:toStrengths(this.wanted)}watch(changed){return this.watchers.add(changed),()=>this.watchers.delete(changed)}set(effects){
return this.wanted=effects,this.version+=1,effects.enabled||this.unavailable.clear(),this.notifyWatchers(),new Promise((resolve,reject)=>{this.waiters.push({resolve,
reject}),this.work()})}end(){this.wanted?.enabled===!0&&this.set({enabled:!1}).catch(()=>{}),this.watchers.clear()}published(outlet){this.versions.delete(outlet.
streamID),this.unavailable.has(outlet.streamID)&&this.work()}unpublished(streamID){this.versions.delete(streamID),this.unavailable.delete(streamID)&&this.notifyWatchers()}stateChanged(streamID,{
state,problem,version=0}){let known=this.versions.get(streamID)??0;if(version>0&&version<known)return;this.versions.set(streamID,version||known);let failing=this.
unavailable.size>0;state!=="STREAM_EFFECTS_STATE_UNAVAILABLE"?this.unavailable.delete(streamID):this.wanted?.enabled===!0&&this.unavailable.add(streamID),failing!==
this.unavailable.size>0&&(this.notifyWatchers(),failing?state==="STREAM_EFFECTS_STATE_ON"&&this.port?.error(Code.OK,"recovered"):this.port?.error(Code.BEAUTY_OVERLOAD,
problem??""))}async work(){if(this.working)return;this.working=!0;let sent,outcome;do{await this.ready(),sent=this.version;try{outcome={response:await this.send()}}catch(error){
outcome={error}}}while(sent!==this.version);this.working=!1;for(let{resolve,reject}of this.waiters.splice(0))"error"in outcome?reject(outcome.error):resolve(outcome.
response)}async ready(){let outlets=this.port?.outlets()??[];await Promise.all(outlets.map(outlet=>outlet.negotiated()));let waitMs=this.lastSentMs+MIN_INTERVAL_MS-
performance.now();waitMs>0&&outlets.length>0&&await new Promise(resolve=>setTimeout(resolve,waitMs))}async send(){let effects=this.wanted,outlets=(this.port?.outlets()??
[]).filter(outlet=>outlet.publishing);return effects===null||outlets.length===0?DONE:(this.lastSentMs=performance.now(),(await Promise.all(outlets.map(outlet=>this.
sendTo(outlet,effects)))).find(({errorCode})=>errorCode!==Code.OK)??DONE)}async sendTo(outlet,effects){let set;try{set=await outlet.setEffects(effects)}catch(thrown){
if(!outlet.publishing)return DONE;throw thrown}return outlet.publishing&&this.stateChanged(outlet.streamID,set),set.state!=="STREAM_EFFECTS_STATE_UNAVAILABLE"?DONE:
{errorCode:Code.BEAUTY_OVERLOAD,extendedData:set.problem??""}}notifyWatchers(){for(let changed of[...this.watchers])changed()}};var Emitter=class{constructor(){this.handlers=new Map}on(event,handler){if(typeof handler!="function")return!1;let list2=this.handlers.get(event)??[];return this.
handlers.set(event,[...list2,handler]),!0}off(event,handler){let list2=this.handlers.get(event);if(list2===void 0)return!1;if(handler===void 0)return this.handlers.
delete(event);let left=list2.filter(each=>each!==handler);return this.handlers.set(event,left),left.length<list2.length}emit(event,...args){for(let handler of this.
handlers.get(event)??[])try{handler(...args)}catch(thrown){queueMicrotask(()=>{throw thrown})}}clear(){this.handlers.clear()}};var GlPass=class{constructor(gl,fragment){this.gl=gl;this.uniforms=new Map;this.program=link(gl,fragment)}draw(target,[width,height],textures,values={}){let{gl}=this;
gl.useProgram(this.program),gl.bindFramebuffer(gl.FRAMEBUFFER,target?.framebuffer??null),gl.viewport(0,0,width,height),Object.entries(textures).forEach(([name,texture],unit)=>{
gl.activeTexture(gl.TEXTURE0+unit),gl.bindTexture(gl.TEXTURE_2D,texture),gl.uniform1i(this.location(name),unit)});for(let[name,value]of Object.entries(values))typeof value==
"number"?gl.uniform1i(this.location(name),value):value.length===2?gl.uniform2f(this.location(name),value[0]??0,value[1]??0):gl.uniform4fv(this.location(name),value);
gl.drawArrays(gl.TRIANGLES,0,3)}location(name){let found=this.uniforms.get(name);return found===void 0&&(found=this.gl.getUniformLocation(this.program,name),this.
uniforms.set(name,found)),found}},GlTarget=class{constructor(gl,kind,width,height){this.texture=makeTexture(gl,gl.NEAREST),kind==="bytes"?gl.texStorage2D(gl.TEXTURE_2D,
1,gl.RGBA8,width,height):gl.texStorage2D(gl.TEXTURE_2D,1,gl.RGBA32UI,width,height),this.framebuffer=gl.createFramebuffer(),gl.bindFramebuffer(gl.FRAMEBUFFER,this.
framebuffer),gl.framebufferTexture2D(gl.FRAMEBUFFER,gl.COLOR_ATTACHMENT0,gl.TEXTURE_2D,this.texture,0)}free(gl){gl.deleteFramebuffer(this.framebuffer),gl.deleteTexture(
this.texture)}};function makeTexture(gl,filter){let texture=gl.createTexture();return gl.bindTexture(gl.TEXTURE_2D,texture),gl.texParameteri(gl.TEXTURE_2D,gl.TEXTURE_MIN_FILTER,
filter),gl.texParameteri(gl.TEXTURE_2D,gl.TEXTURE_MAG_FILTER,filter),gl.texParameteri(gl.TEXTURE_2D,gl.TEXTURE_WRAP_S,gl.CLAMP_TO_EDGE),gl.texParameteri(gl.TEXTURE_2D,
gl.TEXTURE_WRAP_T,gl.CLAMP_TO_EDGE),texture}var COVER=`#version 300 es
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;function link(gl,fragment){let program=gl.createProgram();for(let[type,source]of[[gl.VERTEX_SHADER,COVER],[gl.FRAGMENT_SHADER,fragment]]){let shader=gl.createShader(
type);if(gl.shaderSource(shader,source),gl.compileShader(shader),gl.attachShader(program,shader),gl.deleteShader(shader),gl.getShaderParameter(shader,gl.COMPILE_STATUS)===
!1)throw new Error(gl.getShaderInfoLog(shader)??"")}if(gl.linkProgram(program),gl.getProgramParameter(program,gl.LINK_STATUS)===!1)throw new Error(gl.getProgramInfoLog(
program)??"");return program}var constants_default={about:"Every number of the beauty effects. The Rust kernel and the browser's preview shader read this one file; the formulas stand in src\
/lib.rs. Levels are luma or chroma codes of limited range (0 to 255); for full range multiply luma levels by 255/219 and chroma levels by 255/224.",limited:{about:"\
BT.601, limited range: black, white and the outermost chroma codes.",black:16,white:235,chroma_min:16,chroma_max:240},full:{about:"The same for full range.",black:0,
white:255,chroma_min:0,chroma_max:255},grid:{about:"Grid step s = max(1, round(min(width, height) / lines)). Radii in grid cells: a box of radius r is 2r+1 wide\
.",lines:180,guide_radius:4,mask_radius:2},skin:{about:"The soft mask of a grid cell from its mean chroma and luma: products of clamp(numerator / denominator, 0\
, 1). along/across: unit vectors on (U-128, V-128); pink_weight multiplies across where it is positive, yellow_weight where it is negative.",along_u:-.643,along_v:.766,
across_u:.766,across_v:.643,pink_weight:.6,yellow_weight:.7,hue_outer_slope:.66,hue_outer:1,hue_ramp_slope:.26,hue_ramp:1,pale_start_slope:.008,pale_start:.3,pale_ramp_slope:.022,
pale_ramp:.5,vivid_end_slope:.62,vivid_end:0,vivid_ramp_slope:.17,vivid_ramp:.5,dark_start:4,dark_ramp:10},smooth:{about:"Guided filter and shrinkage. full is t\
he share of the detail taken away at strength 100, of detail_most levels at most. epsilon and threshold are in levels and fall with the local luma: floor + (1 -\
 floor) * min(1, luma above black / knee).",full:.95,epsilon:21.9,epsilon_floor:.2,threshold:31,threshold_floor:.1,luma_knee:120,edge_offset:.02,threshold_least:1,
detail_most:12},sharpen:{about:"High-pass gain at strength 100; high-pass below coring levels is noise; limit is the most levels ever added. relief: skin that i\
s smoothed by S is sharpened by 1 - min(1, relief * S) * mask * weight.",gain:1.6,coring:2,limit:12,relief:2},whiten:{about:"Luma curve log(1 + (B-1) n) / log(B\
) with B = 1 + base * strength / 100 and n from 0 (black) to 1 (white).",base:3},rosy:{about:"Chroma levels added at strength 100, times peak * (1 - (1 - x)^2),\
 x = min(1, luma above black / luma_knee): black stays black.",u:-9,v:12,peak:.75,luma_knee:150}};var{grid,skin,smooth,sharpen,whiten,rosy,limited}=constants_default;function num(value){if(value===void 0)throw new Error("The constants and the shaders do not \
fit together.");return Number.isInteger(value)?`${value}.0`:String(value)}var BLACK=num(limited.black),WHITE=num(limited.white),HEAD=`#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp usampler2D;
float unit(float x) { return clamp(x, 0.0, 1.0); }
float lift(float luma, float floorShare) {
  return floorShare + (1.0 - floorShare) * unit((luma - ${BLACK}) / ${num(smooth.luma_knee)});
}
`,CELLS=`
uniform usampler2D cells;
vec4 cell(ivec2 at) {
  return uintBitsToFloat(texelFetch(cells, clamp(at, ivec2(0), textureSize(cells, 0) - 1), 0));
}
`,GRID_OUT=`
out uvec4 result;
`,CONVERT=`${HEAD}
uniform sampler2D picture;
uniform vec2 size;
uniform int taps;
out vec4 result;
void main() {
  vec3 rgb = vec3(0.0);
  for (int y = 0; y < taps; y++)
    for (int x = 0; x < taps; x++) {
      vec2 inside = (vec2(x, y) + 0.5) / float(taps) - 0.5;
      rgb += texture(picture, (gl_FragCoord.xy + inside) / size).rgb;
    }
  rgb /= float(taps * taps);
  result = vec4(
    16.0 + dot(rgb, vec3(65.481, 128.553, 24.966)),
    128.0 + dot(rgb, vec3(-37.797, -74.203, 112.0)),
    128.0 + dot(rgb, vec3(112.0, -93.786, -18.214)),
    255.0) / 255.0;
}`,GRID=`${HEAD}${GRID_OUT}
uniform sampler2D codes;
uniform int cellSize;
float ramp(float numerator, float denominator) { return unit(numerator / denominator); }
void main() {
  ivec2 last = textureSize(codes, 0) - 1;
  ivec2 first = ivec2(gl_FragCoord.xy) * cellSize;
  vec3 sum = vec3(0.0);
  for (int y = 0; y < cellSize; y++)
    for (int x = 0; x < cellSize; x++)
      sum += texelFetch(codes, min(first + ivec2(x, y), last), 0).rgb;
  vec3 mean = sum * (255.0 / float(cellSize * cellSize));
  float L = mean.x - ${BLACK};
  vec2 chroma = mean.yz - 128.0;
  float a = dot(chroma, vec2(${num(skin.along_u)}, ${num(skin.along_v)}));
  float b = dot(chroma, vec2(${num(skin.across_u)}, ${num(skin.across_v)}));
  b *= b > 0.0 ? ${num(skin.pink_weight)} : ${num(skin.yellow_weight)};
  float mask =
    ramp(${num(skin.hue_outer_slope)} * a + ${num(skin.hue_outer)} - abs(b),
      ${num(skin.hue_ramp_slope)} * max(a, 0.0) + ${num(skin.hue_ramp)}) *
    ramp(a - ${num(skin.pale_start_slope)} * L - ${num(skin.pale_start)},
      ${num(skin.pale_ramp_slope)} * L + ${num(skin.pale_ramp)}) *
    ramp(${num(skin.vivid_end_slope)} * L + ${num(skin.vivid_end)} - a,
      ${num(skin.vivid_ramp_slope)} * L + ${num(skin.vivid_ramp)}) *
    ramp(L - ${num(skin.dark_start)}, ${num(skin.dark_ramp)});
  result = floatBitsToUint(vec4(mean.x, mask, 0.0, 0.0));
}`,MOMENTS_ACROSS=`${HEAD}${CELLS}${GRID_OUT}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec3 sum = vec3(0.0);
  for (int d = -${grid.guide_radius}; d <= ${grid.guide_radius}; d++) {
    vec2 each = cell(at + ivec2(d, 0)).xy;
    sum += vec3(each.x, each.x * each.x, abs(d) <= ${grid.mask_radius} ? each.y : 0.0);
  }
  vec3 widths = vec3(${2*grid.guide_radius+1}, ${2*grid.guide_radius+1}, ${2*grid.mask_radius+1});
  result = floatBitsToUint(vec4(sum / widths, cell(at).x));
}`,COEFFICIENTS=`${HEAD}${CELLS}${GRID_OUT}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec3 sum = vec3(0.0);
  for (int d = -${grid.guide_radius}; d <= ${grid.guide_radius}; d++) {
    vec3 each = cell(at + ivec2(0, d)).xyz;
    sum += vec3(each.xy, abs(d) <= ${grid.mask_radius} ? each.z : 0.0);
  }
  vec3 widths = vec3(${2*grid.guide_radius+1}, ${2*grid.guide_radius+1}, ${2*grid.mask_radius+1});
  vec3 mean = sum / widths;
  float v = max(0.0, mean.y - mean.x * mean.x);
  float e = ${num(smooth.epsilon)} * lift(mean.x, ${num(smooth.epsilon_floor)});
  float c = e * e / (v + e * e);
  result = floatBitsToUint(vec4(c, c * mean.x, mean.z, cell(at).w));
}`,COEFFICIENTS_ACROSS=`${HEAD}${CELLS}${GRID_OUT}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec2 sum = vec2(0.0);
  for (int d = -${grid.guide_radius}; d <= ${grid.guide_radius}; d++) sum += cell(at + ivec2(d, 0)).xy;
  result = floatBitsToUint(vec4(sum / ${num(2*grid.guide_radius+1)}, cell(at).zw));
}`,COEFFICIENTS_DOWN=`${HEAD}${CELLS}${GRID_OUT}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec2 sum = vec2(0.0);
  for (int d = -${grid.guide_radius}; d <= ${grid.guide_radius}; d++) sum += cell(at + ivec2(0, d)).xy;
  float c = sum.x / ${num(2*grid.guide_radius+1)};
  float o = sum.y / ${num(2*grid.guide_radius+1)};
  vec2 maskAndLuma = cell(at).zw;
  float I = maskAndLuma.y;
  float D = max(${num(smooth.threshold_least)}, (c + ${num(smooth.edge_offset)}) * ${num(smooth.threshold)} *
    lift(I - (c * I - o), ${num(smooth.threshold_floor)}));
  result = floatBitsToUint(vec4(c, o, 1.0 / D, maskAndLuma.x));
}`,FINISH=`${HEAD}${CELLS}
uniform sampler2D codes;
uniform int cellSize;
/** Smooth, whiten, rosy, sharpen; 0 to 1. */
uniform vec4 strengths;
out vec4 result;
vec4 coefficients(ivec2 pixel) {
  vec2 at = (vec2(pixel) + 0.5) / float(cellSize) - 0.5;
  ivec2 first = ivec2(floor(at));
  vec2 share = at - vec2(first);
  return mix(
    mix(cell(first), cell(first + ivec2(1, 0)), share.x),
    mix(cell(first + ivec2(0, 1)), cell(first + ivec2(1, 1)), share.x),
    share.y);
}
void main() {
  ivec2 size = textureSize(codes, 0);
  // The canvas counts its rows from below.
  ivec2 at = ivec2(gl_FragCoord.x, float(size.y) - gl_FragCoord.y);
  vec3 input3 = texelFetch(codes, at, 0).rgb * 255.0;
  float I = input3.x;
  float Y = I;
  if (strengths.x + strengths.w > 0.0) {
    float g = 0.0;
    for (int y = -1; y <= 1; y++)
      for (int x = -1; x <= 1; x++) {
        float weight = float((2 - abs(x)) * (2 - abs(y))) / 16.0;
        g += weight * texelFetch(codes, clamp(at + ivec2(x, y), ivec2(0), size - 1), 0).r * 255.0;
      }
    float w = 0.0;
    float S = ${num(smooth.full)} * strengths.x;
    if (S > 0.0) {
      vec4 each = coefficients(at);
      float t = min(1.0, abs(each.x * g - each.y) * each.z);
      w = each.w * (1.0 - t * t) * (1.0 - t * t);
      Y -= S * w * clamp(each.x * I - each.y, -${num(smooth.detail_most)}, ${num(smooth.detail_most)});
    }
    if (strengths.w > 0.0) {
      float h = I - g;
      float x = unit(${num(sharpen.gain)} * strengths.w * max(0.0, abs(h) - ${num(sharpen.coring)}) /
        ${num(2*(sharpen.limit??0))});
      Y += sign(h) * ${num(sharpen.limit)} * (1.0 - (1.0 - x) * (1.0 - x)) *
        (1.0 - min(1.0, ${num(sharpen.relief)} * S) * w);
      Y = clamp(Y, min(I, ${BLACK}), max(I, ${WHITE}));
    }
  }
  if (strengths.y > 0.0) {
    float n = unit((Y - ${BLACK}) / (${WHITE} - ${BLACK}));
    float B = 1.0 + ${num(whiten.base)} * strengths.y;
    Y += (${WHITE} - ${BLACK}) * (log(1.0 + (B - 1.0) * n) / log(B) - n);
  }
  vec2 UV = input3.yz;
  if (strengths.z > 0.0) {
    float x = unit((I - ${BLACK}) / ${num(rosy.luma_knee)});
    float q = ${num(rosy.peak)} * (1.0 - (1.0 - x) * (1.0 - x)) * strengths.z;
    UV.x = min(UV.x, max(UV.x + ${num(rosy.u)} * q, ${num(limited.chroma_min)}));
    UV.y = max(UV.y, min(UV.y + ${num(rosy.v)} * q, ${num(limited.chroma_max)}));
  }
  vec3 code = vec3(1.164383 * (floor(Y + 0.5) - 16.0), UV - 128.0);
  result = vec4(
    dot(code, vec3(1.0, 0.0, 1.596027)),
    dot(code, vec3(1.0, -0.391762, -0.812968)),
    dot(code, vec3(1.0, 2.017232, 0.0)),
    255.0) / 255.0;
}`,GRID_LINES=grid.lines;var FENCE_POLL_MS=2,BeautyRenderer=class _BeautyRenderer{constructor(canvas,gl){this.canvas=canvas;this.gl=gl;this.targets=null;let pass=fragment=>new GlPass(gl,
fragment);this.passes={convert:pass(CONVERT),grid:pass(GRID),momentsAcross:pass(MOMENTS_ACROSS),coefficients:pass(COEFFICIENTS),coefficientsAcross:pass(COEFFICIENTS_ACROSS),
coefficientsDown:pass(COEFFICIENTS_DOWN),finish:pass(FINISH)},this.picture=makeTexture(gl,gl.LINEAR)}static on(canvas){let gl=canvas.getContext("webgl2",{alpha:!1,
antialias:!1,depth:!1,stencil:!1});if(gl===null)return null;try{return new _BeautyRenderer(canvas,gl)}catch{return null}}render(source,size,strengths){let{gl,passes}=this,
{codes,cells,gridSize,cellSize}=this.targetsFor(size),[front,back]=cells;gl.activeTexture(gl.TEXTURE0),gl.bindTexture(gl.TEXTURE_2D,this.picture),gl.texImage2D(
gl.TEXTURE_2D,0,gl.RGBA,gl.RGBA,gl.UNSIGNED_BYTE,source);let sourceWidth="videoWidth"in source?source.videoWidth:source.width,taps=Math.max(1,Math.round(sourceWidth/
size[0]));passes.convert.draw(codes,size,{picture:this.picture},{size,taps}),strengths.smooth>0&&(passes.grid.draw(front,gridSize,{codes:codes.texture},{cellSize}),
passes.momentsAcross.draw(back,gridSize,{cells:front.texture}),passes.coefficients.draw(front,gridSize,{cells:back.texture}),passes.coefficientsAcross.draw(back,
gridSize,{cells:front.texture}),passes.coefficientsDown.draw(front,gridSize,{cells:back.texture}));let{smooth:smooth2,whiten:whiten2,rosy:rosy2,sharpen:sharpen2}=strengths,
values={cellSize,strengths:[smooth2,whiten2,rosy2,sharpen2].map(each=>each/100)};passes.finish.draw(null,size,{codes:codes.texture,cells:front.texture},values)}async finished(){
let{gl}=this,fence=gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE,0);if(gl.flush(),fence!==null){for(;gl.getSyncParameter(fence,gl.SYNC_STATUS)===gl.UNSIGNALED&&!gl.
isContextLost();)await new Promise(resolve=>setTimeout(resolve,FENCE_POLL_MS));gl.deleteSync(fence)}}free(){this.gl.getExtension("WEBGL_lose_context")?.loseContext()}targetsFor([
width,height]){let{canvas,gl}=this;if(this.targets!==null&&canvas.width===width&&canvas.height===height)return this.targets;this.targets?.codes.free(gl),this.targets?.
cells.forEach(each=>each.free(gl)),canvas.width=width,canvas.height=height;let cellSize=Math.max(1,Math.round(Math.min(width,height)/GRID_LINES)),gridSize=[Math.
ceil(width/cellSize),Math.ceil(height/cellSize)],cell=()=>new GlTarget(gl,"floats",...gridSize);return this.targets={codes:new GlTarget(gl,"bytes",width,height),
cells:[cell(),cell()],gridSize,cellSize},this.targets}};var MIN_FRAME_MS=1e3/30-4,MAX_COST_MS=20,MEASURED_MS=1e3,WARM_UP_FRAMES=2,COPIED=["objectFit","objectPosition","transform","transformOrigin","borderRadius","opa\
city"],warned2=!1;function warnOnce(reason){warned2||(warned2=!0,console.warn("[salon]","beauty-preview-off",{reason}))}var BeautyOverlay=class{constructor(video,beauty){
this.video=video;this.beauty=beauty;this.canvas=null;this.renderer=null;this.frameHandle=0;this.timer=null;this.dirty=!1;this.drawing=!1;this.drawnAtMs=0;this.frames=
0;this.cost={sinceMs:0,totalMs:0,count:0};this.givenUp=!1;this.placedAt="";this.onContextLost=()=>this.giveUp("context lost");this.resized=new ResizeObserver(()=>{
this.place(),this.renew()}),this.unwatch=beauty.watch(()=>this.apply()),this.apply()}stop(){this.unwatch(),this.hide()}current(){let strengths=this.beauty.shown,
{videoWidth:width,videoHeight:height}=this.video;return strengths===null||this.canvas===null||this.renderer===null||width===0?null:(this.renderer.render(this.video,
[width,height],strengths),this.canvas)}apply(){this.beauty.shown===null?(this.hide(),this.givenUp=!1):this.canvas===null&&!this.givenUp?this.show():this.renew()}show(){
let canvas=document.createElement("canvas"),renderer=BeautyRenderer.on(canvas);if(renderer===null){this.giveUp("no WebGL2");return}this.canvas=canvas,this.renderer=
renderer,canvas.dataset.salonBeauty="",canvas.setAttribute("aria-hidden","true"),canvas.addEventListener("webglcontextlost",this.onContextLost),this.placedAt="",
this.frames=0,this.cost={sinceMs:0,totalMs:0,count:0},this.resized.observe(this.video),this.awaitFrame(),this.renew()}hide(){this.timer!==null&&clearTimeout(this.
timer),this.timer=null,this.video.cancelVideoFrameCallback?.(this.frameHandle),this.resized.disconnect(),this.canvas?.removeEventListener("webglcontextlost",this.
onContextLost),this.canvas?.remove(),this.renderer?.free(),this.canvas=null,this.renderer=null,this.drawing=!1}giveUp(reason){this.givenUp=!0,warnOnce(reason),this.
hide()}awaitFrame(){let ask=this.video.requestVideoFrameCallback?.bind(this.video)??requestAnimationFrame,{canvas}=this;this.frameHandle=ask(()=>{canvas===null||
this.canvas!==canvas||(this.awaitFrame(),this.renew())})}renew(){this.dirty=!0,this.draw()}draw(){let strengths=this.beauty.shown,{canvas,renderer,video}=this;if(!this.
dirty||this.drawing||canvas===null||renderer===null||strengths===null||video.videoWidth===0||video.readyState<HTMLMediaElement.HAVE_CURRENT_DATA)return;let startMs=performance.
now(),earlyMs=this.drawnAtMs+MIN_FRAME_MS-startMs;if(earlyMs>0){this.timer??(this.timer=setTimeout(()=>{this.timer=null,this.draw()},earlyMs));return}this.dirty=
!1,this.drawing=!0,this.drawnAtMs=startMs,renderer.render(video,this.workSize(),strengths),canvas.previousSibling!==video&&video.after(canvas),`${video.offsetLeft}\
 ${video.offsetTop}`!==this.placedAt&&this.place(),canvas.style.visibility=video.style.visibility,renderer.finished().then(()=>{this.renderer===renderer&&(this.
drawing=!1,this.weigh(performance.now()-startMs),this.draw())})}workSize(){let{videoWidth,videoHeight,clientWidth,clientHeight}=this.video,x=clientWidth*devicePixelRatio/
videoWidth,y=clientHeight*devicePixelRatio/videoHeight,contained=getComputedStyle(this.video).objectFit==="contain",scale=Math.min(1,contained?Math.min(x,y):Math.
max(x,y));return[Math.max(2,Math.round(videoWidth*scale)),Math.max(2,Math.round(videoHeight*scale))]}place(){let{canvas,video}=this;if(canvas===null||!canvas.isConnected)
return;let style=getComputedStyle(video);for(let property of COPIED)canvas.style[property]=style[property];Object.assign(canvas.style,{position:"absolute",left:`${video.
offsetLeft}px`,top:`${video.offsetTop}px`,width:`${video.offsetWidth}px`,height:`${video.offsetHeight}px`,margin:"0",pointerEvents:"none"}),this.placedAt=`${video.
offsetLeft} ${video.offsetTop}`}weigh(frameMs){if(this.frames+=1,this.frames<=WARM_UP_FRAMES)return;let now=performance.now(),{cost}=this;if(cost.count===0&&(cost.
sinceMs=now),cost.totalMs+=frameMs,cost.count+=1,now-cost.sinceMs<MEASURED_MS)return;let meanMs=cost.totalMs/cost.count;this.cost={sinceMs:now,totalMs:0,count:0},
meanMs>MAX_COST_MS&&this.giveUp(`${Math.round(meanMs)} ms a frame`)}};function snapshot(picture,options={}){let width=picture instanceof HTMLVideoElement?picture.videoWidth:picture?.width??0,height=picture instanceof HTMLVideoElement?
picture.videoHeight:picture?.height??0;if(picture===null||width===0)return"";let canvas=document.createElement("canvas");canvas.width=width,canvas.height=height,
canvas.getContext("2d")?.drawImage(picture,0,0);let type=options.imageType==="jpg"||options.imageType==="jpeg"?"jpeg":"png",address=canvas.toDataURL(`image/${type}`,
options.quality);if(options.save===!0){let link2=document.createElement("a");link2.href=address,link2.download=options.fileName??`snapshot.${type==="jpeg"?"jpg":
"png"}`,link2.click()}return address}var ZegoLocalStream=class{constructor(source,encoding,tracks,owned,constraints={}){this.source=source;this.encoding=encoding;this.constraints=constraints;this.events=
new Emitter;this.muteReasons={audio:new Set,video:new Set};this.picture=null;this.overlay=null;this.capturePicture=null;this.sound=null;this.captureSound=null;this.
destroyed=!1;this.dark=!1;this.idle=new Set;this.beauty=new Beauty;this.watched=new WeakSet;this.media=new MediaStream([...tracks]),this.opened=new Set(owned?tracks:
[])}get active(){return!this.destroyed&&this.media.active}get id(){return this.media.id}get stream(){return this.destroyed?null:this.media}get zegoStream(){return this.
stream}get videoCaptureStream(){return this.media.getVideoTracks().length>0?this.stream:null}get audioCaptureStream(){return this.media.getAudioTracks().length>
0?this.stream:null}get videoDeviceId(){return this.media.getVideoTracks()[0]?.getSettings().deviceId??""}get audioDeviceId(){return this.media.getAudioTracks()[0]?.
getSettings().deviceId??""}getAudioTracks(){return this.media.getAudioTracks()}getVideoTracks(){return this.media.getVideoTracks()}getTracks(){return this.media.
getTracks()}playVideo(view,options={}){this.stopVideo(),this.picture=this.showVideo(view,options,"canPlayVideo","autoplayFailed",()=>this.stopVideo()),this.picture?.
element instanceof HTMLVideoElement&&(this.overlay=new BeautyOverlay(this.picture.element,this.beauty))}playAudio(options={}){this.stopAudio(),this.sound=this.playSound(
options,"canPlayAudio","autoplayFailed")}stopVideo(){this.overlay?.stop(),this.overlay=null,this.picture?.stop(),this.picture=null}stopAudio(){this.sound?.stop(),
this.sound=null}resumeVideo(){this.picture?.resume(),this.capturePicture?.resume()}resumeAudio(){this.sound?.resume(),this.captureSound?.resume()}setVolume(volume){
return volume>=0&&volume<=100?(this.sound?.setVolume(volume),this.captureSound?.setVolume(volume),!0):!1}takeStreamSnapshot(options){let element=(this.picture??
this.capturePicture)?.element,plain=element instanceof HTMLVideoElement?element:null;return snapshot(this.overlay?.current()??plain,options)}playCaptureVideo(view,options={}){
this.stopPlayCaptureVideo();let displaced=()=>this.stopPlayCaptureVideo();this.capturePicture=this.showVideo(view,options,"canPlayCaptureVideo","autoplayCapture\
Failed",displaced)}playCaptureAudio(options={}){this.stopPlayCaptureAudio(),this.captureSound=this.playSound(options,"canPlayCaptureAudio","autoplayCaptureFaile\
d")}stopPlayCaptureVideo(){this.capturePicture?.stop(),this.capturePicture=null}stopPlayCaptureAudio(){this.captureSound?.stop(),this.captureSound=null}async useAudioOutputDevice(deviceID){
for(let player of[this.sound,this.captureSound])player!==null&&await setSink(player.element,deviceID)}getScreenDisplaySurface(){let surface=(this.media.getVideoTracks()[0]?.
getSettings()??{}).displaySurface;return surface==="browser"||surface==="window"||surface==="monitor"?surface:"unknown"}on(event,handler){return this.events.on(
event,handler)}off(event,handler){return this.events.off(event,handler)}mute(kind,reason,mute){let reasons=this.muteReasons[kind];mute?reasons.add(reason):reasons.
delete(reason);let tracks=kind==="audio"?this.media.getAudioTracks():this.media.getVideoTracks();for(let track of tracks)track.enabled=reasons.size===0}isOwn(track){
return this.opened.has(track)}close(track){this.opened.delete(track)&&track.stop()}replace(former,track,own){let kind=track.kind;own&&this.opened.add(track),track.
enabled=this.muteReasons[kind].size===0,track.readyState==="live"&&this.idle.delete(kind),this.media.removeTrack(former),this.media.addTrack(track),this.events.
emit(kind==="video"?"videoTrackChanged":"audioTrackChanged",track)}mutedKinds(){return["audio","video"].filter(kind=>{let track=(kind==="audio"?this.getAudioTracks():
this.getVideoTracks())[0];return track===void 0?!1:this.muteReasons[kind].size>0||kind==="video"&&this.dark||this.idle.has(kind)||track.readyState==="ended"})}destroy(){
if(!this.destroyed){this.beauty.end(),this.stopVideo(),this.stopAudio(),this.stopPlayCaptureVideo(),this.stopPlayCaptureAudio();for(let track of this.opened)track.
stop();this.destroyed=!0}}showVideo(view,options,played,failed,displaced){let place=findContainer(view);if(place===null)return null;let listener={canPlay:()=>this.
events.emit(played),autoplayFailed:element=>this.events.emit(failed,element),displaced};return MediaPlayer.video(this.media,place,{...options,muted:!0},listener)}playSound(options,played,failed){
let listener={canPlay:()=>this.events.emit(played),autoplayFailed:element=>this.events.emit(failed,element)};return MediaPlayer.audio(this.media,!1,options.enableAutoplayDialog!==
!1,listener)}};addNotYet(ZegoLocalStream.prototype,"localStream");var ZegoScenario={Default:3,StandardVideoCall:4,HighQualityVideoCall:5,HighVideoCall:5,StandardChatroom:6,HighQualityChatroom:7,Broadcast:8,Karaoke:9};var CAMERA_PRESETS={1:{width:320,height:240,frameRate:15,kbps:300},2:{width:640,height:480,frameRate:15,kbps:800},3:{width:1280,height:720,frameRate:20,kbps:1500}},
SCREEN_PRESETS={1:{width:0,height:0,frameRate:20,kbps:800},2:{width:0,height:0,frameRate:15,kbps:1500},3:{width:0,height:0,frameRate:5,kbps:2e3}},BY_SCENARIO={[ZegoScenario.
Default]:{camera:!0,video:CAMERA_PRESETS[2]},[ZegoScenario.StandardVideoCall]:{camera:!0,video:{width:640,height:360,frameRate:15,kbps:600}},[ZegoScenario.HighQualityVideoCall]:{
camera:!0,video:{width:960,height:540,frameRate:25,kbps:1200}},[ZegoScenario.StandardChatroom]:{camera:!1,video:CAMERA_PRESETS[2]},[ZegoScenario.HighQualityChatroom]:{
camera:!1,video:CAMERA_PRESETS[2]},[ZegoScenario.Broadcast]:{camera:!0,video:{width:960,height:540,frameRate:20,kbps:1200}},[ZegoScenario.Karaoke]:{camera:!0,video:CAMERA_PRESETS[2]}};
function isScenario(scenario){return scenario in BY_SCENARIO}function scenarioPreset(scenario){return BY_SCENARIO[scenario]??{camera:!0,video:CAMERA_PRESETS[2]}}var DEFAULT_AUDIO_KBPS=48,DEFAULT_CUSTOM_KBPS=800;function planCapture(options,scenario){let given=options??{};return given.screen?planScreen(given):given.custom?
planCustom(given):planCamera(given,scenario)}function planCamera(options,scenario){let flat=options.camera??{},preset=scenarioPreset(scenario),nested=typeof flat.
video=="object"?flat.video:{},wantsVideo=flat.video===void 0?preset.camera:flat.video!==!1,wantsAudio=flat.audio!==!1,video={input:nested.input??flat.videoInput,
facingMode:nested.facingMode??flat.facingMode,width:nested.width??flat.width,height:nested.height??flat.height,frameRate:nested.frameRate??flat.frameRate},quality=nested.
quality??flat.videoQuality,base=presetOf(CAMERA_PRESETS,quality,preset.video),microphone=typeof flat.audio=="object"?flat.audio:{},audio={input:microphone.input??
flat.audioInput,channelCount:microphone.channelCount??flat.channelCount,ANS:microphone.ANS??flat.ANS,AGC:microphone.AGC??flat.AGC,AEC:microphone.AEC??flat.AEC};
return{source:"camera",constraints:{video:wantsVideo?cameraConstraints(video,base,quality):!1,audio:wantsAudio?microphoneConstraints(audio):!1},encoding:{...bitrates(
options,flat,base.kbps,"default"),channelCount:audio.channelCount??1,optimizationMode:nested.optimizationMode??flat.videoOptimizationMode??"default"}}}function planScreen(options){
let flat=options.screen??{},nested=typeof flat.video=="object"?flat.video:{},quality=nested.quality??flat.videoQuality,base=presetOf(SCREEN_PRESETS,quality,SCREEN_PRESETS[2]),
video={width:nested.width??flat.width,height:nested.height??flat.height,frameRate:nested.frameRate??flat.frameRate},wantsAudio=flat.audio!==void 0&&flat.audio!==
!1,sound=typeof flat.audio=="object"?flat.audio:flat;return{source:"screen",constraints:{video:screenConstraints(video,base),audio:wantsAudio?screenAudioConstraints(
sound):!1},captureElement:nested.captureElement??flat.captureElement??null,encoding:{...bitrates(options,flat,base.kbps,"target"),channelCount:1,optimizationMode:nested.
optimizationMode??flat.videoOptimizationMode??"default"}}}function planCustom(options){let flat=options.custom??{};return{source:"custom",video:flat.video?.source??
flat.source??null,audio:flat.audio?.source??flat.source??null,encoding:{...bitrates(options,flat,DEFAULT_CUSTOM_KBPS,"default"),channelCount:flat.audio?.channelCount??
flat.channelCount??1,optimizationMode:flat.video?.optimizationMode??flat.videoOptimizationMode??"default"}}}function bitrates(options,flat,presetKbps,start){let nested=typeof options.
videoBitrate=="object"?options.videoBitrate:{},videoKbps=(typeof options.videoBitrate=="number"?options.videoBitrate:void 0)??nested.bitrate??flat.bitrate??flat.
bitRate??presetKbps,startMode=nested.startBitrate??flat.startBitrate??start;return{videoKbps,startKbps:startMode==="target"?videoKbps:null,audioKbps:options.audioBitrate??
flat.audioBitrate??DEFAULT_AUDIO_KBPS}}function presetOf(presets,quality,fallback){return quality===1||quality===2||quality===3?presets[quality]:fallback}function cameraConstraints(video,preset,quality){
let own=quality===1||quality===2||quality===3?{}:video,constraints={width:range(own.width??preset.width),height:range(own.height??preset.height),frameRate:range(
own.frameRate??preset.frameRate)};return video.facingMode!==void 0?constraints.facingMode=video.facingMode:video.input&&(constraints.deviceId={exact:video.input}),
constraints}function screenConstraints(video,preset){let constraints={frameRate:displayRange(video.frameRate??preset.frameRate)};return video.width!==void 0&&(constraints.
width=displayRange(video.width)),video.height!==void 0&&(constraints.height=displayRange(video.height)),constraints}function microphoneConstraints(audio){let constraints={
channelCount:{ideal:audio.channelCount??1}};return audio.input&&(constraints.deviceId={exact:audio.input}),audio.ANS!==void 0&&(constraints.noiseSuppression=audio.
ANS),audio.AGC!==void 0&&(constraints.autoGainControl=audio.AGC),audio.AEC!==void 0&&(constraints.echoCancellation=audio.AEC),constraints}function screenAudioConstraints(sound){
return{noiseSuppression:sound.ANS??!1,autoGainControl:sound.AGC??!1,echoCancellation:sound.AEC??!0}}function range(value){if(typeof value=="number")return{ideal:value};
if(value.exact!==void 0)return{exact:value.exact};let result={};return value.ideal!==void 0&&(result.ideal=value.ideal),value.max!==void 0&&(result.max=value.max),
value.min!==void 0&&(result.min=value.min),result}function displayRange(value){if(typeof value=="number")return{ideal:value};let ideal=value.exact??value.ideal??
value.min,result={};return ideal!==void 0&&(result.ideal=ideal),value.max!==void 0&&(result.max=value.max),result}var StreamsApi=class{constructor(locals,views,deviceWatch,settings,logger){this.locals=locals;this.views=views;this.deviceWatch=deviceWatch;this.settings=settings;
this.logger=logger;this.life=0}async create(options){let plan=planCapture(options,this.settings.scenario),life=this.life,captured=options?.autoCapture===!1?{tracks:[],
owned:!0}:await capture(plan),constraints=plan.source==="camera"?plan.constraints:{},stream=new ZegoLocalStream(plan.source,plan.encoding,captured.tracks,captured.
owned,constraints);if(life!==this.life)throw stream.destroy(),new ZegoError(Code.CAPTURE_FAILED,"The engine was destroyed before the device was open.");return this.
locals.add(stream),plan.source==="camera"&&this.deviceWatch.refresh(!1),options?.view!==void 0&&options.autoPlay!==!1&&stream.playVideo(options.view),options?.captureView!==
void 0&&stream.playCaptureVideo(options.captureView),stream}async createMedia(source){let{camera,screen,custom}=source??{},wantsScreen=screen!==void 0&&screen!==
!1,stream=await this.create({camera:wantsScreen||custom!==void 0?void 0:camera,screen:wantsScreen?screen===!0?{}:screen:void 0,custom});if(stream.stream===null)
throw new ZegoError(Code.CAPTURE_FAILED,"The stream ended at once.");return stream.stream}destroy(stream){let local=this.locals.find(stream);local===null?this.logger.
warn("stream-unknown",{err_code:Code.NOT_CREATED_HERE}):this.locals.destroy(local)}destroyAll(){this.life+=1,this.locals.destroyAll(),this.views.removeAll()}async replaceTrack(stream,track){
let kind=track?.kind;if(kind!=="audio"&&kind!=="video"||track.readyState==="ended")throw new ZegoError(Code.PARAMETER,"This is no track, or it has ended.");let{
local,former}=this.locals.trackOf(stream,kind);return this.locals.replace(local,former,track,local.isOwn(track)),{errorCode:Code.OK,extendedData:""}}view(stream,local){
let media=stream instanceof ZegoLocalStream?stream.stream:stream;if(!isMediaStream(media))throw new ZegoError(Code.NOT_SDK_STREAM,"This is no stream.");return this.
views.of(media,local,this.locals.find(media)?.beauty??null)}};function isMediaStream(value){return typeof MediaStream=="function"&&value instanceof MediaStream}var KINDS={cameras:"videoinput",microphones:"audioinput",speakers:"audiooutput"};async function list(){let devices=mediaDevices();if(devices===void 0)throw new ZegoError(
Code.HTTPS_NEEDED,"Devices are listed on HTTPS pages only.");try{return await devices.enumerateDevices()}catch(thrown){throw new ZegoError(Code.ENUMERATE_FAILED,
thrown.message)}}async function listWithNames(wanted){let found=await list(),nameless=kind=>wanted.includes(kind)&&found.some(each=>each.kind===kind&&each.label===
""),video=nameless("videoinput"),audio=nameless("audioinput")||nameless("audiooutput");if(!video&&!audio)return found;try{let stream=await navigator.mediaDevices.
getUserMedia({video,audio}),named2=await list();return stream.getTracks().forEach(track=>track.stop()),named2}catch{return found}}function toInfo(device){return{
deviceName:device.label,deviceID:device.deviceId}}async function devicesOf(group){let kind=KINDS[group];return(await listWithNames([kind])).filter(each=>each.kind===
kind).map(toInfo)}async function allDevices(){let found=await listWithNames(Object.values(KINDS)),of=kind=>found.filter(each=>each.kind===kind).map(toInfo);return{
cameras:of(KINDS.cameras),microphones:of(KINDS.microphones),speakers:of(KINDS.speakers)}}var HELD_GRACE_MS=2e3,CODES={ended:{audio:Code.MICROPHONE_ENDED,video:Code.CAMERA_ENDED},held:{audio:Code.MICROPHONE_HELD,video:Code.CAMERA_HELD}};function troubleCode(condition,kind){
return CODES[condition][kind]??Code.CAPTURE_FAILED}function watchTrack(track,changed){let condition="live",grace=null,become=next=>{grace!==null&&clearTimeout(grace),
grace=null,!(condition===next||condition==="ended")&&(condition=next,changed(next))};track.addEventListener("ended",()=>become("ended")),track.addEventListener(
"mute",()=>{grace??(grace=setTimeout(()=>track.muted&&become("held"),HELD_GRACE_MS))}),track.addEventListener("unmute",()=>become("live"))}var LocalStreams=class{constructor(rooms,views,events,logger){this.rooms=rooms;this.views=views;this.events=events;this.logger=logger;this.byMedia=new Map;this.
muted=!1}find(stream){let media=stream instanceof ZegoLocalStream?stream.stream:stream;return(media&&this.byMedia.get(media))??null}get(stream){let local=this.find(
stream);if(local===null)throw new ZegoError(Code.NOT_CREATED_HERE,"The stream was not made by this engine.");return local}add(stream){let media=stream.stream;if(media!==
null&&(this.byMedia.set(media,stream),stream.beauty.connect({outlets:()=>this.rooms.publishersOf(stream),error:(code,extendedData)=>this.events.emit("beautyEffe\
ctError",media,code,extendedData)})),this.muted&&stream.source==="camera"&&stream.mute("audio","microphone",!0),stream.source==="screen")this.watchScreen(stream);else
for(let track of stream.getTracks())this.watchDevice(stream,track)}destroy(stream){let media=stream.stream;stream.destroy(),media!==null&&(this.views.remove(media),
this.byMedia.delete(media))}destroyAll(){for(let stream of[...this.byMedia.values()])this.destroy(stream)}get microphoneMuted(){return this.muted}muteMicrophone(mute){
this.muted=mute;for(let stream of this.byMedia.values())stream.source==="camera"&&(stream.mute("audio","microphone",mute),this.muteChanged(stream))}trackOf(stream,kind){
let local=this.get(stream),former=(kind==="audio"?local.getAudioTracks():local.getVideoTracks())[0];if(former!==void 0)return{local,former};let code=kind==="aud\
io"?Code.AUDIO_TRACK_MISSING:Code.VIDEO_TRACK_MISSING;throw new ZegoError(code,`The stream has no ${kind} track.`)}replace(local,former,track,own){if(track!==former){
local.replace(former,track,own),this.watchDevice(local,track);for(let publisher of this.rooms.publishersOf(local))publisher.trackReplaced(track);this.muteChanged(
local)}}muteChanged(stream){for(let publisher of this.rooms.publishersOf(stream))publisher.muteChanged()}watchScreen(stream){let track=stream.getVideoTracks()[0];
track?.addEventListener("ended",()=>{let media=stream.stream;if(!(media===null||stream.getVideoTracks()[0]!==track)){this.events.emit("screenSharingEnded",media);
for(let publisher of this.rooms.publishersOf(stream))publisher.stop();stream.stream!==null&&this.destroy(stream)}})}watchDevice(stream,track){if(stream.watched.
has(track))return;stream.watched.add(track);let kind=track.kind;watchTrack(track,condition=>{if(!(stream.stream===null||!stream.getTracks().includes(track))&&!(condition===
"held"&&(stream.source==="custom"||!stream.isOwn(track)))){condition==="live"?stream.idle.delete(kind):stream.idle.add(kind);for(let publisher of this.rooms.publishersOf(
stream))publisher.sourceChanged(kind);this.muteChanged(stream),this.logger.warn("track-condition",{kind,condition}),!(condition==="live"||stream.source!=="camer\
a"||!stream.isOwn(track))&&this.events.emit("deviceError",troubleCode(condition,kind),track.label)}})}};var LEVELS=["debug","info","warn","error","report","disable"],Logger=class{constructor(){this.logCache=[];this.level="warn";this.verbose=!1}configure(config){if(config.
logLevel!==void 0){if(!LEVELS.includes(config.logLevel))return!1;this.level=config.logLevel}return!0}setVerbose(enable){this.verbose=enable}debug(event,fields={}){
this.passes("debug")&&console.debug("[salon]",event,fields)}info(event,fields={}){this.passes("info")&&console.info("[salon]",event,fields)}warn(event,fields={}){
this.passes("warn")&&console.warn("[salon]",event,fields)}error(event,fields={}){this.passes("error")&&console.error("[salon]",event,fields)}passes(level){return this.
verbose&&this.level!=="disable"?!0:LEVELS.indexOf(level)>=LEVELS.indexOf(this.level)}};var ZegoStreamView=class{constructor(stream,local,beauty){this.stream=stream;this.local=local;this.beauty=beauty;this.events=new Emitter;this.picture=null;this.
overlay=null;this.sound=null;this.pictureHasSound=!1;this.videoMuted=!1;this.volume=100;this.sinkID=null;this.audioMuted=local}play(container,options={}){options.
muted!==void 0&&(this.audioMuted=options.muted),this.stopAudio(),this.showPicture(container,options,!0)}stop(){this.stopVideo(),this.stopAudio()}playVideo(container,options={}){
this.showPicture(container,options,!1)}stopVideo(){this.overlay?.stop(),this.overlay=null,this.picture?.stop(),this.picture=null,this.pictureHasSound=!1}playAudio(options={}){
this.pictureHasSound||this.sound!==null||(this.local&&(this.audioMuted=!1),this.startSound(options))}stopAudio(){this.sound?.stop(),this.sound=null,this.pictureHasSound&&
this.picture!==null&&(this.pictureHasSound=!1,this.picture.element.muted=!0)}resume(){this.picture?.resume(),this.sound?.resume()}setAudioMuted(mute){return this.
audioMuted=mute,this.applySound(),!0}setVideoMuted(mute){return this.videoMuted=mute,this.applyPicture(),!0}setVolume(volume){return volume>=0&&volume<=100?(this.
volume=volume,this.applySound(),!0):!1}async useAudioOutputDevice(deviceID){this.sinkID=deviceID;let element=this.soundElement();element!==null&&await setSink(element,
deviceID)}getVideoHeight(){return this.video()?.videoHeight??0}getVideoWidth(){return this.video()?.videoWidth??0}takeStreamSnapshot(options){return snapshot(this.
overlay?.current()??this.video(),options)}on(event,handler){return this.events.on(event,handler)}off(event,handler){return this.events.off(event,handler)}startSound(options){
let listener={canPlay:()=>this.events.emit("canPlayAudio"),autoplayFailed:()=>this.events.emit("autoplayFailed")};this.sound=MediaPlayer.audio(this.stream,this.
audioMuted,options.enableAutoplayDialog!==!1,listener),this.applySound()}showPicture(container,options,withSound){let place=findContainer(container);if(place===
null)return;this.stopVideo(),this.pictureHasSound=withSound;let listener={canPlay:()=>{this.stream.getVideoTracks().length>0&&this.events.emit("canPlayVideo"),withSound&&
this.stream.getAudioTracks().length>0&&this.events.emit("canPlayAudio")},autoplayFailed:()=>this.events.emit("autoplayFailed"),displaced:()=>{let sounded=this.pictureHasSound;
this.stopVideo(),sounded&&this.startSound(options)}},muted=!withSound||this.audioMuted;this.picture=MediaPlayer.video(this.stream,place,{...options,muted},listener),
this.beauty!==null&&this.picture.element instanceof HTMLVideoElement&&(this.overlay=new BeautyOverlay(this.picture.element,this.beauty)),this.applyPicture(),this.
applySound()}applyPicture(){this.picture!==null&&(this.picture.element.style.visibility=this.videoMuted?"hidden":"")}applySound(){let element=this.soundElement();
element!==null&&(element.muted=this.audioMuted,element.volume=this.volume/100,this.sinkID!==null&&setSink(element,this.sinkID).catch(()=>{}))}soundElement(){return this.
sound?.element??(this.pictureHasSound?this.picture?.element??null:null)}video(){return this.picture?.element instanceof HTMLVideoElement?this.picture.element:null}};var Views=class{constructor(){this.byMedia=new Map}of(media,local,beauty){let view=this.byMedia.get(media)??new ZegoStreamView(media,local,beauty);return this.byMedia.
set(media,view),view}remove(media){this.byMedia.get(media)?.stop(),this.byMedia.delete(media)}removeAll(){for(let media of[...this.byMedia.keys()])this.remove(media)}};var Rooms=class{constructor(){this.byID=new Map}get isEmpty(){return this.byID.size===0}get all(){return[...this.byID.values()]}add(room){this.byID.set(room.roomID,
room)}remove(room){this.byID.get(room.roomID)===room&&this.byID.delete(room.roomID)}find(roomID){return(roomID===""?this.all[0]:this.byID.get(roomID))??null}publisher(streamID){
return firstOf(this.all,room=>room.publisher(streamID))}publishersOf(stream){return this.all.flatMap(room=>room.publishersOf(stream))}player(streamID){return firstOf(
this.all,room=>room.player(streamID))}};function firstOf(rooms,find){for(let room of rooms){let found=find(room);if(found!==void 0)return found}return null}var DEFAULT_RETRY_MS=3e5,Settings=class{constructor(){this.roomRetryTimeMs=DEFAULT_RETRY_MS;this.avRetryTimeMs=DEFAULT_RETRY_MS;this.chosenScenario=ZegoScenario.
Default}get scenario(){return this.chosenScenario}setScenario(scenario){return scenario===void 0||!isScenario(scenario)?!1:(this.chosenScenario=scenario,!0)}configure(line){
if(typeof line!="string")return!0;let match=/^\s*(room_retry_time|av_retry_time)\s*=\s*(\d+)\s*$/.exec(line);if(match===null)return!1;let timeMs=Number(match[2])*
1e3;return match[1]==="room_retry_time"?this.roomRetryTimeMs=timeMs:this.avRetryTimeMs=timeMs,!0}};var CODECS=["H264","H265","VP8","VP9"];function missing(message){return{name:"NotSupportedError",message}}async function probeDevice(constraints){let devices=mediaDevices();
if(devices===void 0)return missing("Devices can be used on HTTPS pages only.");try{return(await devices.getUserMedia(constraints)).getTracks().forEach(track=>track.
stop()),null}catch(thrown){let{name="Error",message=""}=thrown;return{name,message}}}var PROBES={webRTC:async()=>typeof RTCPeerConnection=="function"?null:missing(
"There is no RTCPeerConnection."),customCapture:async()=>{let{HTMLMediaElement:media,HTMLCanvasElement:canvas}=globalThis;return[media,canvas].some(each=>each!==
void 0&&"captureStream"in each.prototype)?null:missing("Elements cannot be captured.")},camera:()=>probeDevice({video:!0}),microphone:()=>probeDevice({audio:!0}),
screenSharing:async()=>typeof mediaDevices()?.getDisplayMedia=="function"?null:missing("The screen cannot be captured.")};async function probeBoth(){return await probeDevice(
{video:!0,audio:!0})===null?{camera:null,microphone:null}:{camera:await PROBES.camera(),microphone:await PROBES.microphone()}}async function checkOne(type){let hasWebRTC=await PROBES.
webRTC()===null,result,errInfo={};if(type in PROBES){let probe=type,failure=await PROBES[probe]();result=failure===null,failure!==null&&(errInfo[probe]=failure)}else{
let codec=CODECS.find(each=>each===type);result=hasWebRTC&&codec!==void 0&&canSend(codec)}return{result,errInfo}}async function checkSystem(type){if(type)return checkOne(
type);let result={webRTC:!1,customCapture:!1,camera:!1,microphone:!1,screenSharing:!1,videoCodec:{H264:!1,H265:!1,VP8:!1,VP9:!1},errInfo:{}},note=(probe,failure)=>{
result[probe]=failure===null,failure!==null&&(result.errInfo[probe]=failure)},hasWebRTC=await PROBES.webRTC()===null;for(let codec of CODECS)result.videoCodec[codec]=
hasWebRTC&&canSend(codec);for(let probe of["webRTC","customCapture","screenSharing"])note(probe,await PROBES[probe]());let devices=await probeBoth();return note(
"camera",devices.camera),note("microphone",devices.microphone),delete result.errInfo.screenSharing,result}var ZegoExpressEngine=class{constructor(appID,server,options){this.zegoWebRTC=makeInternals(this);this.zegoWebRTM=makeInternals(this);this.stateCenter=makeStateCenter();
this.logger=new Logger;this.events=new Emitter;this.settings=new Settings;this.rooms=new Rooms;let{events,logger,settings,rooms}=this,views=new Views,locals=new LocalStreams(
rooms,views,events,logger);settings.setScenario(options?.scenario),this.roomApi=new RoomApi(appID,server,rooms,views,settings,events,logger),this.messagesApi=new MessagesApi(
rooms),this.devicesApi=new DevicesApi(locals,events),this.streamsApi=new StreamsApi(locals,views,this.devicesApi.watch,settings,logger),this.publishApi=new PublishApi(
rooms,locals,events,logger),this.playApi=new PlayApi(rooms,logger),this.effectsApi=new EffectsApi(locals)}static use(_module){return!0}getVersion(){return VERSION}on(event,handler){
return this.devicesApi.handlerAdded(event),this.events.on(event,handler)}off(event,handler){return this.events.off(event,handler)}checkSystemRequirements(type,_level){
return checkSystem(type)}setRoomScenario(scenario){return this.rooms.isEmpty&&this.settings.setScenario(scenario)}setEngineConfig(config){return this.settings.configure(
config)}setLogConfig(config){return this.logger.configure(config)}setDebugVerbose(enable){this.logger.setVerbose(enable)}destroyEngine(){this.roomApi.end(),this.
streamsApi.destroyAll(),this.devicesApi.watch.stop(),this.events.clear()}loginRoom(roomID,token,user,config={}){return this.roomApi.login(roomID,token,user,config)}logoutRoom(roomID){
this.roomApi.logout(roomID??"")}renewToken(token,roomID){return this.roomApi.renewToken(token,roomID??"")}sendBroadcastMessage(roomID,message){return this.messagesApi.
send("SIGNAL_MESSAGE_KIND_BROADCAST",roomID,message,[])}sendBarrageMessage(roomID,message){return this.messagesApi.send("SIGNAL_MESSAGE_KIND_BARRAGE",roomID,message,
[])}sendCustomCommand(roomID,command,toUserIDList=[]){return this.messagesApi.send("SIGNAL_MESSAGE_KIND_COMMAND",roomID,command,toUserIDList??[])}createZegoStream(options){
return this.streamsApi.create(options)}createStream(source={}){return this.streamsApi.createMedia(source)}destroyStream(stream){this.streamsApi.destroy(stream)}replaceTrack(stream,track){
return this.streamsApi.replaceTrack(stream,track)}createLocalStreamView(stream){return this.streamsApi.view(stream,!0)}startPublishingStream(streamID,stream,option={}){
return this.publishApi.start(streamID,stream,option??{})}stopPublishingStream(streamID){return this.publishApi.stop(streamID)}mutePublishStreamVideo(stream,mute,retain=!1){
return this.publishApi.muteVideo(stream,mute,retain)}mutePublishStreamAudio(stream,mute){return this.publishApi.muteAudio(stream,mute)}setEffectsBeauty(localStream,enable,options){
return this.effectsApi.setBeauty(localStream,enable,options)}startPlayingStream(streamID,option={}){return this.playApi.start(streamID,option??{})}stopPlayingStream(streamID){
return this.playApi.stop(streamID)}createRemoteStreamView(stream){return this.streamsApi.view(stream,!1)}enumDevices(){return allDevices()}getCameras(){return devicesOf(
"cameras")}getMicrophones(){return devicesOf("microphones")}getSpeakers(){return devicesOf("speakers")}useVideoDevice(stream,deviceID){return this.devicesApi.use(
stream,"video",{deviceId:{exact:deviceID}})}useAudioDevice(stream,deviceID){return this.devicesApi.use(stream,"audio",{deviceId:{exact:deviceID}})}useFrontCamera(stream,front){
return this.devicesApi.use(stream,"video",{facingMode:{exact:front?"user":"environment"}})}useAudioOutputDevice(media,deviceID){return this.devicesApi.useOutput(
media,deviceID)}muteMicrophone(mute){return this.devicesApi.muteMicrophone(mute)}isMicrophoneMuted(){return this.devicesApi.microphoneMuted}};ZegoExpressEngine.
version=VERSION,ZegoExpressEngine.setGeoFence=notYetVoid("setGeoFence"),ZegoExpressEngine.presetLogConfig=notYetVoid("presetLogConfig"),ZegoExpressEngine.setCloudProxyConfig=
notYetVoid("setCloudProxyConfig"),ZegoExpressEngine.setLocalProxyConfig=notYetVoid("setLocalProxyConfig"),ZegoExpressEngine.setEngineOptions=notYetVoid("setEngi\
neOptions");addNotYet(ZegoExpressEngine.prototype,"engine");var WebRTCUtil={supportDetection(){let webRTC=typeof RTCPeerConnection=="function",can=name=>webRTC&&canSend(name);return{webRTC,screenSharing:typeof mediaDevices()?.
getDisplayMedia=="function",videoCodec:{H264:can("H264"),H265:can("H265"),VP8:can("VP8"),VP9:can("VP9")}}}};var script=typeof document>"u"?null:document.currentScript;rememberScriptUrl(script!==null&&"src"in script?script.src:null);
return module.exports});
